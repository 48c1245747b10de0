/* SPDX-License-Identifier: BSD-3-Clause */
/* One match entry of a VirtualService's HTTP rule: checked, and turned into a route's conditions.
 */
#include <errno.h>

#include "kube.h"
#include "sl_http.h"
#include "words.h"

#define CLAIM "@request.auth.claims"

static const struct {
	const char *key;
	enum sl_path_match path;
	enum sl_text_match text;
} kinds[] = {{"exact", SL_PATH_EXACT, SL_TEXT_EXACT},
	     {"prefix", SL_PATH_PREFIX, SL_TEXT_PREFIX},
	     {"regex", SL_PATH_REGEX, SL_TEXT_REGEX}};

/* The text of a match and its kind's place in the table; NULL for one that says nothing. */
static const struct sl_node *said(const struct sl_node *match, size_t *kind, int *n)
{
	const struct sl_node *found = NULL;

	*n = 0;
	for (size_t i = 0; match && i < SL_ARRAY_LEN(kinds); i++) {
		const struct sl_node *v = sl_node_get(match, kinds[i].key);

		if (!v)
			continue;
		found = v;
		*kind = i;
		++*n;
	}
	return found;
}

const struct sl_node *sl_vs_text(const struct sl_node *match, enum sl_text_match *how)
{
	size_t kind = 0;
	int n;
	const struct sl_node *v = said(match, &kind, &n);

	*how = kinds[kind].text;
	return n == 1 ? v : NULL;
}

/* ---- checks ---- */

static int check_one(const struct sl_kube *k, const struct sl_object *vs, const char *what,
		     const struct sl_node *match)
{
	size_t kind;
	int n;

	said(match, &kind, &n);
	if (n > 1)
		return sl_object_bad(
			vs, match->line, k->err,
			"%s with several matches; write one of exact, prefix and regex", what);
	return 0;
}

static int check_uri(const struct sl_kube *k, const struct sl_object *vs, const struct sl_node *uri)
{
	size_t kind;
	int n, e = check_one(k, vs, "uri", uri);
	const struct sl_node *v = said(uri, &kind, &n);

	if (e == 0 && uri && n == 0)
		return sl_object_bad(vs, uri->line, k->err,
				     "uri without a match; write exact, prefix or regex");
	if (e == 0 && v && !*v->text)
		return sl_object_bad(
			vs, v->line, k->err,
			"uri match with an empty text; write a path, or leave uri out");
	return e;
}

/* Names Istio takes for parts of the request line among the headers. */
static bool pseudo_header(const char *name, enum sl_cond_on *on)
{
	static const struct {
		const char *name;
		enum sl_cond_on on;
	} names[] = {{":method", SL_ON_METHOD},
		     {":scheme", SL_ON_SCHEME},
		     {":authority", SL_ON_AUTHORITY},
		     {"host", SL_ON_AUTHORITY},
		     {":path", SL_ON_TARGET}};

	for (size_t i = 0; i < SL_ARRAY_LEN(names); i++)
		if (sl_str_ieq(sl_str(name), sl_str(names[i].name))) {
			*on = names[i].on;
			return true;
		}
	return false;
}

static int check_header(const struct sl_kube *k, const struct sl_object *vs,
			const struct sl_pair *pair)
{
	enum sl_cond_on on;
	char show[SL_SHOW_MAX];

	if (strncmp(pair->key, CLAIM, strlen(CLAIM)) == 0)
		return sl_object_bad(vs, pair->line, k->err,
				     "header '%s' is a claim of a token, which is not served yet; "
				     "leave the match out",
				     sl_show(pair->key, show));
	if (!pseudo_header(pair->key, &on) && !sl_http_valid_token(sl_str(pair->key)))
		return sl_object_bad(vs, pair->line, k->err,
				     "'%s' is no header name; write letters, digits and '-'",
				     sl_show(pair->key, show));
	return check_one(k, vs, "header", pair->value);
}

static int check_map(const struct sl_kube *k, const struct sl_object *vs, const struct sl_node *map,
		     bool headers)
{
	int e = 0;

	for (uint32_t i = 0; e == 0 && map && i < map->n; i++) {
		if (headers)
			e = check_header(k, vs, &map->pair[i]);
		else
			e = check_one(k, vs, "query parameter", map->pair[i].value);
	}
	return e;
}

int sl_vs_match_check(const struct sl_kube *k, const struct sl_object *vs,
		      const struct sl_node *match)
{
	static const char *const texts[] = {"scheme", "method", "authority"};
	int e = check_uri(k, vs, sl_node_get(match, "uri"));

	for (size_t i = 0; e == 0 && i < SL_ARRAY_LEN(texts); i++)
		e = check_one(k, vs, texts[i], sl_node_get(match, texts[i]));
	if (e == 0)
		e = check_map(k, vs, sl_node_get(match, "headers"), true);
	if (e == 0)
		e = check_map(k, vs, sl_node_get(match, "withoutHeaders"), true);
	return e ? e : check_map(k, vs, sl_node_get(match, "queryParams"), false);
}

/* ---- whom it is for ---- */

/* What is known of the gateway's workload: the labels that the Gateway selects it by. */
static bool labels_of(const struct sl_node *want, const struct sl_object *gateway)
{
	const struct sl_node *have = sl_node_at(gateway->root, "spec.selector");

	for (uint32_t i = 0; want && i < want->n; i++) {
		const struct sl_node *v = sl_node_get(have, want->pair[i].key);

		if (!v || strcmp(v->text, want->pair[i].value->text) != 0)
			return false;
	}
	return true;
}

bool sl_vs_match_applies(const struct sl_object *vs, const struct sl_node *match,
			 const struct sl_object *gateway, int64_t port)
{
	const struct sl_node *gateways = sl_node_get(match, "gateways");
	const char *ns = sl_node_text(match, "sourceNamespace", "");
	int64_t want = sl_node_int(match, "port", 0);

	if (want && want != port)
		return false;
	/* With gateways said, who the source is does not count (Istio's rule). */
	for (uint32_t i = 0; i < sl_node_len(gateways); i++)
		if (sl_vs_names_gateway(vs, gateways->item[i]->text, gateway))
			return true;
	return sl_node_len(gateways) == 0 &&
	       labels_of(sl_node_get(match, "sourceLabels"), gateway) &&
	       (!*ns || strcmp(ns, gateway->ns) == 0);
}

/* ---- conditions ---- */

/* Nothing said, and Istio's lone "*", mean that it is there. */
static int add_cond(struct sl_model_route *route, enum sl_cond_on on, const char *name,
		    const struct sl_node *match, bool invert)
{
	struct sl_model_cond *c;
	size_t kind = 0;
	int n;
	const struct sl_node *v = said(match, &kind, &n);
	enum sl_text_match how = v ? kinds[kind].text : SL_TEXT_PRESENT;

	if (how == SL_TEXT_REGEX && strcmp(v->text, "*") == 0)
		how = SL_TEXT_PRESENT;
	c = sl_model_cond_add(route, on, how, name, how == SL_TEXT_PRESENT ? "" : v->text);
	if (!c)
		return -ENOMEM;
	c->invert = invert;
	/* Names of headers are compared in lower case. */
	for (char *p = c->name; on == SL_ON_HEADER && *p; p++)
		*p = sl_lower(*p);
	return 0;
}

static int add_headers(struct sl_model_route *route, const struct sl_node *map, bool invert)
{
	for (uint32_t i = 0; map && i < map->n; i++) {
		const struct sl_pair *pair = &map->pair[i];
		enum sl_cond_on on = SL_ON_HEADER;
		bool pseudo = pseudo_header(pair->key, &on);

		if (add_cond(route, on, pseudo ? "" : pair->key, pair->value, invert) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int add_path(const struct sl_node *uri, struct sl_model_route *route)
{
	size_t kind = 0;
	int n;
	const struct sl_node *v = said(uri, &kind, &n);

	/* Istio reads a lone "*" as "anything". */
	if (!v || (kinds[kind].path == SL_PATH_REGEX && strcmp(v->text, "*") == 0)) {
		route->match = SL_PATH_PREFIX;
		return sl_model_set(&route->path, "/");
	}
	route->match = kinds[kind].path;
	return sl_model_set(&route->path, v->text);
}

int sl_vs_match_add(const struct sl_node *match, struct sl_model_route *route)
{
	static const struct {
		const char *key;
		enum sl_cond_on on;
	} texts[] = {
		{"method", SL_ON_METHOD}, {"authority", SL_ON_AUTHORITY}, {"scheme", SL_ON_SCHEME}};
	const struct sl_node *query = sl_node_get(match, "queryParams");
	const struct sl_node *fold = sl_node_get(match, "ignoreUriCase");
	int e = add_path(sl_node_get(match, "uri"), route);

	route->ignore_case = fold && sl_lower(*fold->text) == 't';
	if (e == 0)
		e = sl_model_set(&route->stat_prefix, sl_node_text(match, "statPrefix", ""));
	for (size_t i = 0; e == 0 && i < SL_ARRAY_LEN(texts); i++)
		if (sl_node_get(match, texts[i].key))
			e = add_cond(route, texts[i].on, "", sl_node_get(match, texts[i].key),
				     false);
	if (e == 0)
		e = add_headers(route, sl_node_get(match, "headers"), false);
	if (e == 0)
		e = add_headers(route, sl_node_get(match, "withoutHeaders"), true);
	for (uint32_t i = 0; e == 0 && query && i < query->n; i++)
		e = add_cond(route, SL_ON_QUERY, query->pair[i].key, query->pair[i].value, false);
	return e;
}
