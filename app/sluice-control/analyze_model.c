/* SPDX-License-Identifier: BSD-3-Clause */
/* Findings in the model: routes that are never reached, take more or send other than meant. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze.h"
#include "shadow.h"
#include "sl_match.h"

/* The object a route comes from, as users name it. */
static const char *owner(const struct sl_model_route *r, char buf[300])
{
	if (r->virtual_service[0] == '\0')
		return "";
	snprintf(buf, 300, "%s%s", strchr(r->virtual_service, '/') ? "" : "virtualservice/",
		 r->virtual_service);
	return buf;
}

static void note(json_t *list, enum severity s, const char *code, const struct sl_model_route *r,
		 const char *text)
{
	char buf[300];

	finding(list, s, code, owner(r, buf), r->origin.file, r->origin.line, "%s", text);
}

static const char *kind_of(const struct sl_model_route *r)
{
	static const char *const words[] = {[SL_PATH_ANY] = "any path",
					    [SL_PATH_EXACT] = "path ",
					    [SL_PATH_PREFIX] = "prefix ",
					    [SL_PATH_REGEX] = "regex ",
					    [SL_PATH_ELEMENTS] = "path elements "};

	return (size_t)r->match < SL_ARRAY_LEN(words) ? words[r->match] : "";
}

/* ---- never reached ---- */

static void shadowed(const struct sl_model_vhost *v, size_t i, size_t by, json_t *list)
{
	const struct sl_model_route *r = &v->routes[i], *first = &v->routes[by];
	bool other = strcmp(r->virtual_service, first->virtual_service) != 0;
	char text[SL_ERR_TEXT_MAX], of[300];

	snprintf(text, sizeof(text),
		 "%s%.80s of host %.80s is never reached: %s%.80s%s%.80s at %.120s:%d takes "
		 "everything "
		 "it would take%s",
		 kind_of(r), r->path, v->n_domains > 0 ? v->domains[0] : v->name, kind_of(first),
		 first->path, other ? " of " : "", other ? owner(first, of) : "",
		 first->origin.file ? first->origin.file : "", first->origin.line,
		 other ? "; let one of the two objects go, or make their paths differ"
		       : "; put the narrower one first");
	note(list, SEVERITY_WARNING, other ? "conflict" : "unreachable", r, text);
}

static int find_shadowed(const struct sl_model_vhost *v, json_t *list)
{
	size_t *by = calloc(v->n_routes + 1, sizeof(*by));
	int rc = by != NULL ? shadow_find(v, by) : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < v->n_routes; i++)
		if (by[i] != SHADOW_NONE)
			shadowed(v, i, by[i], list);
	free(by);
	return rc;
}

/* ---- prefixes and rewrites ---- */

/* A path of the same host that begins with the prefix, but in the middle of an element. */
static const struct sl_model_route *neighbour(const struct sl_model_vhost *v,
					      const struct sl_model_route *r)
{
	size_t n = strlen(r->path);

	for (size_t i = 0; i < v->n_routes; i++) {
		const struct sl_model_route *o = &v->routes[i];

		if ((o->match == SL_PATH_EXACT || o->match == SL_PATH_PREFIX) &&
		    strncmp(o->path, r->path, n) == 0 && o->path[n] != '\0' && o->path[n] != '/')
			return o;
	}
	return NULL;
}

static void check_prefix(const struct sl_model_vhost *v, const struct sl_model_route *r,
			 json_t *list)
{
	size_t n = strlen(r->path);
	const struct sl_model_route *near;
	char text[SL_ERR_TEXT_MAX];

	if (r->match != SL_PATH_PREFIX || n == 0 || r->path[n - 1] == '/')
		return;
	near = neighbour(v, r);
	if (near != NULL)
		snprintf(text, sizeof(text),
			 "prefix %.100s is a plain string: it also takes paths such as %.100s "
			 "(%.100s:%d) "
			 "when it stands first; write %.100s/ and the exact path %.100s",
			 r->path, near->path, near->origin.file ? near->origin.file : "",
			 near->origin.line, r->path, r->path);
	else
		snprintf(text, sizeof(text),
			 "prefix %.150s is a plain string: it also takes %.150sx; write %.150s/ "
			 "and the "
			 "exact path %.150s if only whole elements are meant",
			 r->path, r->path, r->path, r->path);
	note(list, near != NULL ? SEVERITY_WARNING : SEVERITY_INFO, "prefix-without-slash", r,
	     text);
}

static void check_rewrite(const struct sl_model_route *r, json_t *list)
{
	size_t n = strlen(r->path), to = strlen(r->rewrite_to);
	char text[SL_ERR_TEXT_MAX];

	if (r->rewrite != SL_REWRITE_PREFIX || n == 0 || to == 0)
		return;
	if (r->path[n - 1] != '/' && r->rewrite_to[to - 1] == '/') {
		snprintf(text, sizeof(text),
			 "prefix %.100s rewritten to %.100s doubles a slash: %.100s/x goes "
			 "upstream as "
			 "%.100s/x; match %.100s/ (and the exact path %.100s)",
			 r->path, r->rewrite_to, r->path, r->rewrite_to, r->path, r->path);
		note(list, SEVERITY_WARNING, "rewrite-doubles-slash", r, text);
	} else if (r->path[n - 1] == '/' && r->rewrite_to[to - 1] != '/') {
		snprintf(
			text, sizeof(text),
			"prefix %.100s rewritten to %.100s loses a slash: %.100sx goes upstream as "
			"%.100sx; rewrite to %.100s/",
			r->path, r->rewrite_to, r->path, r->rewrite_to, r->rewrite_to);
		note(list, SEVERITY_WARNING, "rewrite-loses-slash", r, text);
	}
}

/* ---- regexes ---- */

static const struct construct {
	const char *text, *name;
} constructs[] = {
	{"(?=", "look-ahead"},
	{"(?!", "negative look-ahead"},
	{"(?<=", "look-behind"},
	{"(?<!", "negative look-behind"},
	{"(?>", "atomic group"},
	{"(?P=", "back-reference"},
	{"(?R)", "recursion"},
	{"(?(", "condition"},
	{"\\k", "back-reference"},
	{"\\K", "start of match"},
	{"\\G", "end of the match before"},
	{"\\C", "single byte"},
};

static size_t digits(const char *p)
{
	return strspn(p, "0123456789");
}

/* Length of the part at p that Hyperscan takes in no pattern; 0: none begins here. */
static size_t part_at(const char *p, const char **name)
{
	for (size_t i = 0; i < SL_ARRAY_LEN(constructs); i++) {
		size_t n = strlen(constructs[i].text);

		if (strncmp(p, constructs[i].text, n) == 0) {
			*name = constructs[i].name;
			return n;
		}
	}
	if (p[0] == '\\' && p[1] >= '1' && p[1] <= '9') {
		*name = "back-reference";
		return 1 + digits(p + 1);
	}
	if ((p[0] == '*' || p[0] == '+' || p[0] == '?' || p[0] == '}') && p[1] == '+') {
		*name = "possessive repeat";
		return 2;
	}
	if (p[0] == '{' && digits(p + 1) >= 4) {
		*name = "large repeat";
		return strcspn(p, "}") + (strchr(p, '}') != NULL);
	}
	return 0;
}

/* Classes are skipped: nothing in brackets is special but the backslash. */
static const char *refused_part(const char *regex, size_t *len, const char **name)
{
	bool in_class = false;

	for (const char *p = regex; *p != '\0'; p++) {
		if (!in_class) {
			*len = part_at(p, name);
			if (*len > 0)
				return p;
		}
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '[')
			in_class = true;
		else if (*p == ']')
			in_class = false;
	}
	return NULL;
}

static void check_regex(const struct sl_model_route *r, json_t *list)
{
	struct sl_match_pattern p = {SL_MATCH_REGEX, sl_str(r->path), 0};
	const char *name = "", *part;
	char text[SL_ERR_TEXT_MAX];
	struct sl_err err = {""};
	size_t len = 0;
	void *db;
	int bad;

	if (r->match != SL_PATH_REGEX)
		return;
	if (sl_match_compile(&p, 1, &db, &len, &bad, &err) == 0) {
		free(db);
		return;
	}
	part = refused_part(r->path, &len, &name);
	if (part != NULL)
		snprintf(text, sizeof(text),
			 "the regex %.150s can't be matched: '%.*s' at byte %zu is a %s (%.150s)",
			 r->path, (int)SL_MIN(len, 40), part, (size_t)(part - r->path) + 1, name,
			 err.text);
	else
		snprintf(text, sizeof(text), "the regex %.150s can't be matched: %.250s", r->path,
			 err.text);
	note(list, SEVERITY_ERROR, "regex-refused", r, text);
}

/* ---- clusters ---- */

/* What names stand for is not known here. */
static void check_cluster(const struct sl_model_cluster *c, json_t *list)
{
	if (c->n_endpoints == 0 && !strstr(c->type, "_DNS"))
		finding(list, SEVERITY_WARNING, "no-endpoints", "", c->origin.file, c->origin.line,
			"cluster %s has no endpoint: what leads to it is answered with 503",
			c->name);
}

static bool is_used(const struct sl_model_vhost *v, const char *cluster)
{
	for (size_t i = 0; i < v->n_routes; i++)
		for (size_t k = 0; k < v->routes[i].n_weights; k++)
			if (strcmp(v->routes[i].weights[k].cluster, cluster) == 0)
				return true;
	return false;
}

static bool routed_to(const struct sl_model *m, const char *cluster)
{
	for (size_t t = 0; t < m->n_tables; t++)
		for (size_t i = 0; i < m->tables[t].n_vhosts; i++)
			if (is_used(&m->tables[t].vhosts[i], cluster))
				return true;
	return false;
}

static int analyze_vhost(const struct sl_model_vhost *v, json_t *list)
{
	for (size_t i = 0; i < v->n_routes; i++) {
		check_prefix(v, &v->routes[i], list);
		check_rewrite(&v->routes[i], list);
		check_regex(&v->routes[i], list);
	}
	return find_shadowed(v, list);
}

int analyze_model(const struct sl_model *m, json_t *list)
{
	int rc = 0;

	for (size_t t = 0; t < m->n_tables; t++)
		for (size_t i = 0; rc == 0 && i < m->tables[t].n_vhosts; i++)
			rc = analyze_vhost(&m->tables[t].vhosts[i], list);
	for (size_t i = 0; rc == 0 && i < m->n_clusters; i++)
		if (m->clusters[i].n_endpoints == 0 && routed_to(m, m->clusters[i].name))
			check_cluster(&m->clusters[i], list);
	return rc;
}
