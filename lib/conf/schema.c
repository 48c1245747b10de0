/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks an object against the table of its kind before anything is taken from it. */
#include "schema.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "words.h"

#define LIST_MAX      128 /* fields of one map, kinds */
#define PATH_MAX_TEXT 200

/* Where the check stands: "spec.http[0].match", built from the inside out for a message. */
struct path {
	const struct path *up;
	const char *name;
	long index; /* in the list, or -1 */
};

struct check {
	const char *file;
	struct sl_err *err;
};

static size_t path_text(const struct path *p, char *buf, size_t cap)
{
	char show[SL_SHOW_MAX];
	size_t n = 0;
	int w;

	if (!p)
		return 0;
	n = path_text(p->up, buf, cap);
	if (n >= cap)
		return n;
	if (p->index >= 0)
		w = snprintf(buf + n, cap - n, "[%ld]", p->index);
	else
		w = snprintf(buf + n, cap - n, "%s%s", n ? "." : "", sl_show(p->name, show));
	return n + (size_t)w;
}

static int bad(const struct check *c, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int bad(const struct check *c, int line, const char *fmt, ...)
{
	char text[SL_ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return sl_err(c->err, EINVAL, "%s:%d: %s", c->file, line, text);
}

static const char *at(const struct path *p, char buf[PATH_MAX_TEXT])
{
	buf[0] = '\0';
	path_text(p, buf, PATH_MAX_TEXT);
	return buf;
}

static int wrong(const struct check *c, const struct sl_node *n, const struct path *p,
		 const char *want)
{
	char where[PATH_MAX_TEXT];

	return bad(c, n->line, "%s is %s; write %s", at(p, where), sl_node_type_name(n), want);
}

static int check_map(const struct check *c, const struct sl_field *fields, const struct sl_node *n,
		     const struct path *p);

static bool is_scalar(const struct sl_node *n)
{
	return n->type != SL_NODE_MAP && n->type != SL_NODE_SEQ;
}

static int check_str(const struct check *c, const struct sl_node *n, const struct path *p)
{
	char where[PATH_MAX_TEXT], show[SL_SHOW_MAX];

	if (n->type == SL_NODE_STR)
		return sl_word_utf8(n->text, strlen(n->text))
			       ? 0
			       : bad(c, n->line, "%s has a control byte; write plain text",
				     at(p, where));
	if (is_scalar(n))
		return bad(c, n->line, "%s is %s, not a text; write it in quotes: \"%s\"",
			   at(p, where), sl_node_type_name(n), sl_show(n->text, show));
	return wrong(c, n, p, "a text");
}

static int check_int(const struct check *c, const struct sl_field *f, const struct sl_node *n,
		     const struct path *p)
{
	char where[PATH_MAX_TEXT], show[SL_SHOW_MAX];
	long long v;

	if (n->type == SL_NODE_STR)
		return bad(c, n->line,
			   "%s is the text \"%s\"; write a number without quotes or leading "
			   "zeros",
			   at(p, where), sl_show(n->text, show));
	if (n->type != SL_NODE_INT)
		return wrong(c, n, p, "a whole number");
	errno = 0;
	v = strtoll(n->text, NULL, 10);
	if (errno || v < f->min || v > f->max)
		return bad(c, n->line, "%s is %s; write %lld to %lld", at(p, where),
			   sl_show(n->text, show), (long long)f->min, (long long)f->max);
	return 0;
}

static int check_number(const struct check *c, const struct sl_field *f, const struct sl_node *n,
			const struct path *p)
{
	char where[PATH_MAX_TEXT], show[SL_SHOW_MAX];
	double v;

	if (n->type != SL_NODE_INT && n->type != SL_NODE_FLOAT)
		return wrong(c, n, p, "a number");
	v = strtod(n->text, NULL);
	if (!(v >= (double)f->min && v <= (double)f->max))
		return bad(c, n->line, "%s is %s; write %lld to %lld", at(p, where),
			   sl_show(n->text, show), (long long)f->min, (long long)f->max);
	return 0;
}

static int check_time(const struct check *c, const struct sl_field *f, const struct sl_node *n,
		      const struct path *p)
{
	char where[PATH_MAX_TEXT], show[SL_SHOW_MAX];
	uint32_t ms;
	int e;

	if (n->type != SL_NODE_STR && strcmp(n->text, "0") != 0)
		return wrong(c, n, p, "a time with its unit, such as 5s or 200ms");
	e = sl_word_ms(n->text, &ms);
	if (e == 0 && (int64_t)ms >= f->min)
		return 0;
	return bad(c, n->line, "%s is '%s'; write %s", at(p, where), sl_show(n->text, show),
		   e == 0         ? "1ms or more"
		   : e == -ERANGE ? "at most 596h"
				  : "a time with its unit, such as 5s or 200ms");
}

static int check_ip(const struct check *c, const struct sl_node *n, const struct path *p)
{
	char where[PATH_MAX_TEXT];
	struct sl_err why;
	struct sl_ip ip;
	int e = check_str(c, n, p);

	/* "None" and "" stand for "no address" in a Service. */
	if (e || !*n->text || strcmp(n->text, "None") == 0)
		return e;
	if (sl_ip_parse(n->text, &ip, &why) < 0)
		return bad(c, n->line, "%s: %s", at(p, where), why.text);
	return 0;
}

static int check_texts_map(const struct check *c, const struct sl_node *n, const struct path *p)
{
	int e = 0;

	if (n->type != SL_NODE_MAP)
		return wrong(c, n, p, "names with texts, such as { app: nginx }");
	for (uint32_t i = 0; e == 0 && i < n->n; i++) {
		struct path sub = {p, n->pair[i].key, -1};

		if (n->pair[i].value->type != SL_NODE_NULL)
			e = check_str(c, n->pair[i].value, &sub);
	}
	return e;
}

static int check_field(const struct check *c, const struct sl_field *f, const struct sl_node *n,
		       const struct path *p);

static int check_list(const struct check *c, const struct sl_field *f, const struct sl_node *n,
		      const struct path *p)
{
	static const struct sl_field text = {.name = "", .type = SL_F_STR};
	static const struct sl_field ip = {.name = "", .type = SL_F_IP};
	struct sl_field obj = {.name = f->name, .type = SL_F_OBJ, .sub = f->sub};
	const struct sl_field *item = f->type == SL_F_STRS  ? &text
				      : f->type == SL_F_IPS ? &ip
							    : &obj;
	char where[PATH_MAX_TEXT];
	int e = 0;

	if (n->type != SL_NODE_SEQ)
		return wrong(c, n, p, "a list: one line '- ...' for each entry");
	if ((int64_t)n->n < f->min)
		return bad(c, n->line, "%s is empty; write at least one entry", at(p, where));
	if (f->max && (int64_t)n->n > f->max)
		return bad(c, n->line, "%s has %u entries; write at most %lld", at(p, where), n->n,
			   (long long)f->max);
	for (uint32_t i = 0; e == 0 && i < n->n; i++) {
		struct path sub = {p, "", i};

		e = check_field(c, item, n->item[i], &sub);
	}
	return e;
}

static int check_obj_map(const struct check *c, const struct sl_field *f, const struct sl_node *n,
			 const struct path *p)
{
	int e = 0;

	if (n->type != SL_NODE_MAP)
		return wrong(c, n, p, "a map of names");
	for (uint32_t i = 0; e == 0 && i < n->n; i++) {
		struct path sub = {p, n->pair[i].key, -1};

		if (n->pair[i].value->type != SL_NODE_NULL)
			e = check_map(c, f->sub, n->pair[i].value, &sub);
	}
	return e;
}

static int check_words(const struct check *c, const struct sl_field *f, const struct sl_node *n,
		       const struct path *p)
{
	char where[PATH_MAX_TEXT], show[SL_SHOW_MAX], hint[300];

	if (n->type == SL_NODE_SEQ) {
		int e = 0;

		for (uint32_t i = 0; e == 0 && i < n->n; i++)
			e = check_words(c, f, n->item[i], p);
		return e;
	}
	if (!f->words || sl_word_index(n->text, f->words) >= 0)
		return 0;
	if (f->use == SL_USE_ONLY)
		return bad(c, n->line, "%s: '%s' is not served yet; write '%s' or leave it out",
			   at(p, where), sl_show(n->text, show), f->words[0]);
	return bad(c, n->line, "%s is '%s'%s", at(p, where), sl_show(n->text, show),
		   sl_word_hint(n->text, f->words, hint, sizeof(hint)));
}

/* Whether a field that is not served yet says nothing, so that leaving it out changes nothing. */
static bool says_nothing(const struct sl_node *n)
{
	return n->type == SL_NODE_NULL || (!is_scalar(n) && n->n == 0);
}

static int check_type(const struct check *c, const struct sl_field *f, const struct sl_node *n,
		      const struct path *p)
{
	switch (f->type) {
	case SL_F_STR:
		return check_str(c, n, p);
	case SL_F_INT:
		return check_int(c, f, n, p);
	case SL_F_NUMBER:
		return check_number(c, f, n, p);
	case SL_F_BOOL:
		return n->type == SL_NODE_BOOL ? 0 : wrong(c, n, p, "true or false");
	case SL_F_INT_OR_STR:
		return n->type == SL_NODE_STR ? check_str(c, n, p) : check_int(c, f, n, p);
	case SL_F_TIME:
		return check_time(c, f, n, p);
	case SL_F_IP:
		return check_ip(c, n, p);
	case SL_F_TEXTS_MAP:
		return check_texts_map(c, n, p);
	case SL_F_OBJ:
		return check_map(c, f->sub, n, p);
	case SL_F_OBJ_MAP:
		return check_obj_map(c, f, n, p);
	case SL_F_OBJS:
	case SL_F_STRS:
	case SL_F_IPS:
		return check_list(c, f, n, p);
	default:
		return 0;
	}
}

static int check_field(const struct check *c, const struct sl_field *f, const struct sl_node *n,
		       const struct path *p)
{
	char where[PATH_MAX_TEXT];
	int e;

	if (f->use == SL_USE_LATER)
		return says_nothing(n) ? 0
				       : bad(c, n->line, "%s is not served yet; leave it out",
					     at(p, where));
	/* Kubernetes takes null for "not said"; in a list there is nothing it could mean. */
	if (n->type == SL_NODE_NULL && p->index < 0)
		return 0;
	e = check_type(c, f, n, p);
	return e ? e : check_words(c, f, n, p);
}

static const struct sl_field *find(const struct sl_field *f, const char *name)
{
	for (; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static int unknown(const struct check *c, const struct sl_field *fields, const struct sl_pair *pair,
		   const struct path *p)
{
	char where[PATH_MAX_TEXT], show[SL_SHOW_MAX], hint[300];
	const char *list[LIST_MAX + 1];
	size_t n = 0;

	for (; n < LIST_MAX && fields[n].name; n++)
		list[n] = fields[n].name;
	list[n] = NULL;
	return bad(c, pair->line, "unknown field '%s'%s%s%s", sl_show(pair->key, show),
		   p ? " in " : "", at(p, where),
		   sl_word_hint(pair->key, list, hint, sizeof(hint)));
}

static int check_map(const struct check *c, const struct sl_field *fields, const struct sl_node *n,
		     const struct path *p)
{
	char where[PATH_MAX_TEXT];
	int e = 0;

	if (n->type != SL_NODE_MAP)
		return wrong(c, n, p, "a map of fields");
	for (uint32_t i = 0; e == 0 && i < n->n; i++) {
		const struct sl_field *f = find(fields, n->pair[i].key);
		struct path sub = {p, n->pair[i].key, -1};

		e = f ? check_field(c, f, n->pair[i].value, &sub)
		      : unknown(c, fields, &n->pair[i], p);
	}
	for (const struct sl_field *f = fields; e == 0 && f->name; f++)
		if (f->required && !sl_node_get(n, f->name))
			e = bad(c, n->line, "%s%s%s is missing; write it", at(p, where),
				p ? "." : "", f->name);
	return e;
}

/* ---- kinds ---- */

static const struct sl_kind *kind_find(const char *name, const char *group, size_t n_group)
{
	const struct sl_kind *near = NULL;

	for (const struct sl_kind *k = sl_kinds; k->name; k++) {
		if (strcmp(k->name, name) != 0)
			continue;
		if (!k->group ||
		    (strlen(k->group) == n_group && strncmp(k->group, group, n_group) == 0))
			return k;
		if (!near)
			near = k;
	}
	return near;
}

static int unknown_kind(const struct check *c, const struct sl_node *kind)
{
	const char *list[LIST_MAX + 1];
	char show[SL_SHOW_MAX];
	const char *near;
	size_t n = 0;

	for (; n < LIST_MAX && sl_kinds[n].name; n++)
		list[n] = sl_kinds[n].name;
	list[n] = NULL;
	near = sl_nearest(kind->text, list);
	if (near)
		return bad(c, kind->line, "unknown kind '%s'; did you mean '%s'?",
			   sl_show(kind->text, show), near);
	return bad(c, kind->line,
		   "unknown kind '%s'; leave it out, or write Gateway, VirtualService, Service, "
		   "Endpoints or EndpointSlice",
		   sl_show(kind->text, show));
}

static int check_version(const struct check *c, const struct sl_kind *k, const struct sl_node *api,
			 size_t n_group)
{
	const char *version = n_group ? api->text + n_group + 1 : api->text;
	char show[SL_SHOW_MAX];

	if (!k->group || !k->versions)
		return 0;
	if (strlen(k->group) == n_group && strncmp(k->group, api->text, n_group) == 0 &&
	    sl_word_index(version, k->versions) >= 0)
		return 0;
	return bad(c, api->line, "kind %s has no apiVersion '%s'; write %s%s%s", k->name,
		   sl_show(api->text, show), k->group, *k->group ? "/" : "", k->versions[0]);
}

/* DNS names (RFC 1123) for what is ours; others at least nothing that walks a file system. */
static bool name_ok(const char *name, bool strict)
{
	size_t n = strlen(name);

	if (n == 0 || n > 253 || strchr(name, '/') || name[0] == '.' || name[n - 1] == '.')
		return false;
	if (!strict)
		return sl_word_utf8(name, n);
	return name[0] != '-' && name[n - 1] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == n;
}

static int check_names(const struct check *c, const struct sl_kind *k, const struct sl_node *object)
{
	static const char *const fields[] = {"metadata.name", "metadata.namespace", NULL};
	char show[SL_SHOW_MAX];

	for (int i = 0; fields[i]; i++) {
		const struct sl_node *n = sl_node_at(object, fields[i]);

		if (!n || name_ok(n->text, k->mode != SL_KIND_IGNORED))
			continue;
		return bad(c, n->line, "%s is '%s'; write lower-case letters, digits, '-' and '.'",
			   fields[i], sl_show(n->text, show));
	}
	return 0;
}

/* Kinds that are not ours: only what every object has is looked at. */
static int check_head(const struct check *c, const struct sl_node *object)
{
	static const struct sl_field meta = {
		.name = "metadata", .type = SL_F_OBJ, .required = true, .sub = sl_meta_fields};
	const struct sl_node *n = sl_node_get(object, "metadata");
	struct path p = {NULL, "metadata", -1};

	return n ? check_field(c, &meta, n, &p)
		 : bad(c, object->line, "metadata is missing; write it");
}

int sl_schema_check(const char *file, const struct sl_node *object, const struct sl_kind **kind,
		    struct sl_err *err)
{
	struct check c = {file, err};
	const struct sl_node *k, *api;
	const char *slash;
	size_t n_group;
	int e;

	if (object->type != SL_NODE_MAP)
		return bad(&c, object->line,
			   "the document is %s; write an object with apiVersion, "
			   "kind and metadata",
			   sl_node_type_name(object));
	k = sl_node_get(object, "kind");
	api = sl_node_get(object, "apiVersion");
	if (!k || k->type != SL_NODE_STR)
		return bad(&c, object->line, "object without a kind; write kind: VirtualService");
	if (!api || api->type != SL_NODE_STR)
		return bad(&c, object->line, "object without an apiVersion; write apiVersion: v1");
	slash = strchr(api->text, '/');
	n_group = slash ? (size_t)(slash - api->text) : 0;
	*kind = kind_find(k->text, api->text, n_group);
	if (!*kind)
		return unknown_kind(&c, k);
	e = check_version(&c, *kind, api, n_group);
	if (e)
		return e;
	if ((*kind)->mode == SL_KIND_LATER)
		return bad(&c, k->line, "kind %s of %s is not served yet; leave it out", k->text,
			   (*kind)->group);
	e = (*kind)->mode == SL_KIND_SERVED ? check_map(&c, (*kind)->fields, object, NULL)
					    : check_head(&c, object);
	return e ? e : check_names(&c, *kind, object);
}
