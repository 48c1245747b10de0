/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters of an HTTPRoute's rules and backends: header changes, redirect, rewrite, CORS. */
#include <errno.h>
#include <stdlib.h>

#include "api.h"
#include "words.h"

#define CORS_MAX_AGE "5" /* seconds; the API's default */

static const struct {
	const char *type, *field;
	bool backend; /* may stand at a backend */
} types[] = {{"RequestHeaderModifier", "requestHeaderModifier", true},
	     {"ResponseHeaderModifier", "responseHeaderModifier", true},
	     {"RequestRedirect", "requestRedirect", false},
	     {"URLRewrite", "urlRewrite", false},
	     {"CORS", "cors", false},
	     {"RequestMirror", "requestMirror", false}};

/* The value of a type of filter in a list; NULL when it isn't there. */
static const struct sl_node *find(const struct sl_node *filters, const char *type,
				  const char *field)
{
	for (uint32_t i = 0; i < sl_node_len(filters); i++)
		if (strcmp(sl_node_text(filters->item[i], "type", ""), type) == 0)
			return sl_node_get(filters->item[i], field);
	return NULL;
}

/* ---- checks ---- */

static int check_headers(const struct sl_kube *k, const struct sl_object *o,
			 const struct sl_node *change)
{
	static const char *const lists[] = {"set", "add"};
	const struct sl_node *remove = sl_node_get(change, "remove");
	int e = 0;

	for (size_t w = 0; w < SL_ARRAY_LEN(lists); w++) {
		const struct sl_node *list = sl_node_get(change, lists[w]);

		for (uint32_t i = 0; e == 0 && i < sl_node_len(list); i++)
			e = sl_header_check(o, list->item[i]->line,
					    sl_node_text(list->item[i], "name", ""),
					    sl_node_text(list->item[i], "value", ""), k->err);
	}
	for (uint32_t i = 0; e == 0 && i < sl_node_len(remove); i++)
		e = sl_header_check(o, remove->item[i]->line, remove->item[i]->text, "", k->err);
	return e;
}

/* A prefix can only be replaced where one is matched, by every match of the rule. */
static int check_path(const struct sl_kube *k, const struct sl_object *o,
		      const struct sl_node *path, const struct sl_node *rule)
{
	const struct sl_node *matches = sl_node_get(rule, "matches");
	const char *type = sl_node_text(path, "type", "");
	const char *field =
		strcmp(type, "ReplaceFullPath") == 0 ? "replaceFullPath" : "replacePrefixMatch";

	if (!path)
		return 0;
	if (!sl_node_get(path, field))
		return sl_object_bad(o, path->line, k->err, "path of type %s without %s; write it",
				     type, field);
	for (uint32_t i = 0; strcmp(type, "ReplacePrefixMatch") == 0 && i < sl_node_len(matches);
	     i++)
		if (strcmp(sl_node_text(matches->item[i], "path.type", "PathPrefix"),
			   "PathPrefix") != 0)
			return sl_object_bad(
				o, path->line, k->err,
				"ReplacePrefixMatch in a rule with a match that is no "
				"PathPrefix (line %d); write ReplaceFullPath, or a rule "
				"of its own for it",
				matches->item[i]->line);
	return 0;
}

static int check_redirect(const struct sl_kube *k, const struct sl_object *o,
			  const struct sl_node *redirect, const struct sl_node *rule)
{
	int64_t code = sl_node_int(redirect, "statusCode", 302);

	if (code > 303 && code < 307)
		return sl_object_bad(
			o, redirect->line, k->err,
			"statusCode of a redirect is %lld; write 301, 302, 303, 307 or "
			"308",
			(long long)code);
	if (sl_node_len(sl_node_get(rule, "backendRefs")))
		return sl_object_bad(o, redirect->line, k->err,
				     "redirect in a rule with backendRefs; write one of them");
	return check_path(k, o, sl_node_get(redirect, "path"), rule);
}

/* One filter by itself. */
static int check_one(const struct sl_kube *k, const struct sl_object *o, const struct sl_node *f,
		     const struct sl_node *rule)
{
	const char *type = sl_node_text(f, "type", "");
	const struct sl_node *value;
	size_t t = 0;

	while (t < SL_ARRAY_LEN(types) && strcmp(types[t].type, type) != 0)
		t++;
	if (t == SL_ARRAY_LEN(types))
		return sl_object_bad(o, f->line, k->err,
				     "filter of type %s is not served yet; leave it out", type);
	if (!rule && !types[t].backend)
		return sl_object_bad(o, f->line, k->err,
				     "filter of type %s at a backend is not served yet; write it "
				     "with the rule",
				     type);
	value = sl_node_get(f, types[t].field);
	if (!value)
		return sl_object_bad(o, f->line, k->err, "filter of type %s without %s; write it",
				     type, types[t].field);
	if (types[t].backend)
		return check_headers(k, o, value);
	if (strcmp(type, "RequestRedirect") == 0)
		return check_redirect(k, o, value, rule);
	if (strcmp(type, "RequestMirror") == 0)
		return sl_api_mirror_check(k, o, value);
	return strcmp(type, "URLRewrite") == 0 ? check_path(k, o, sl_node_get(value, "path"), rule)
					       : 0;
}

int sl_api_filters_check(const struct sl_kube *k, const struct sl_object *o,
			 const struct sl_node *filters, const struct sl_node *rule)
{
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < sl_node_len(filters); i++) {
		const char *type = sl_node_text(filters->item[i], "type", "");

		for (uint32_t j = 0; strcmp(type, "RequestMirror") != 0 && j < i; j++)
			if (strcmp(sl_node_text(filters->item[j], "type", ""), type) == 0)
				return sl_object_bad(o, filters->item[i]->line, k->err,
						     "second filter of type %s; write them as one",
						     type);
		e = check_one(k, o, filters->item[i], rule);
	}
	if (e == 0 && find(filters, "RequestRedirect", "requestRedirect") &&
	    find(filters, "URLRewrite", "urlRewrite"))
		return sl_object_bad(
			o, filters->line, k->err,
			"filters RequestRedirect and URLRewrite in one rule; write one "
			"of them");
	if (e == 0 && find(filters, "RequestRedirect", "requestRedirect") &&
	    find(filters, "RequestMirror", "requestMirror"))
		return sl_object_bad(o, filters->line, k->err,
				     "filter RequestMirror in a rule that redirects; leave it out, "
				     "there is nothing to mirror");
	return e;
}

/* ---- routes ---- */

static int add_change(const struct sl_header_target *t, const struct sl_node *change, bool response)
{
	static const struct {
		const char *key;
		enum sl_header_op op;
	} lists[] = {{"set", SL_HEADER_SET}, {"add", SL_HEADER_ADD}};
	const struct sl_node *remove = sl_node_get(change, "remove");
	int e = 0;

	for (size_t w = 0; w < SL_ARRAY_LEN(lists); w++) {
		const struct sl_node *list = sl_node_get(change, lists[w].key);

		for (uint32_t i = 0; e == 0 && i < sl_node_len(list); i++)
			e = sl_header_add(t, lists[w].op, response,
					  sl_node_text(list->item[i], "name", ""),
					  sl_node_text(list->item[i], "value", ""));
	}
	for (uint32_t i = 0; e == 0 && i < sl_node_len(remove); i++)
		e = sl_header_add(t, SL_HEADER_REMOVE, response, remove->item[i]->text, "");
	return e;
}

static int add_changes(const struct sl_header_target *t, const struct sl_node *filters)
{
	int e = add_change(t, find(filters, "RequestHeaderModifier", "requestHeaderModifier"),
			   false);

	return e ? e
		 : add_change(t, find(filters, "ResponseHeaderModifier", "responseHeaderModifier"),
			      true);
}

int sl_api_backend_filters_add(const struct sl_node *filters, struct sl_model_weight *weight)
{
	return add_changes(&(struct sl_header_target){&weight->headers, &weight->n_headers,
						      &weight->authority},
			   filters);
}

/* How a path is changed, and to what. */
static enum sl_rewrite path_change(const struct sl_node *path, const char **to)
{
	*to = "";
	if (!path)
		return SL_REWRITE_NONE;
	if (strcmp(sl_node_text(path, "type", ""), "ReplaceFullPath") == 0) {
		*to = sl_node_text(path, "replaceFullPath", "");
		*to = **to ? *to : "/";
		return SL_REWRITE_PATH;
	}
	*to = sl_node_text(path, "replacePrefixMatch", "");
	return SL_REWRITE_ELEMENTS;
}

/* With a scheme its own port, else the listener's (HTTPRequestRedirectFilter.port). */
static int set_redirect(const struct sl_node *redirect, int64_t number,
			struct sl_model_route *route)
{
	const char *scheme = sl_node_text(redirect, "scheme", "");
	int64_t port = *scheme ? (strcmp(scheme, "https") == 0 ? 443 : 80) : number;
	const char *to;

	route->action = SL_ROUTE_REDIRECT;
	route->status = (uint16_t)sl_node_int(redirect, "statusCode", 302);
	route->redirect_port = (uint16_t)sl_node_int(redirect, "port", port);
	route->redirect_rewrite = path_change(sl_node_get(redirect, "path"), &to);
	if (sl_model_set(&route->redirect_path, to) < 0 ||
	    sl_model_set(&route->redirect_scheme, scheme) < 0)
		return -ENOMEM;
	return sl_model_set(&route->redirect_authority, sl_node_text(redirect, "hostname", ""));
}

static int set_rewrite(const struct sl_node *rewrite, struct sl_model_route *route)
{
	const char *hostname = sl_node_text(rewrite, "hostname", "");
	const char *to;

	route->rewrite = path_change(sl_node_get(rewrite, "path"), &to);
	if (sl_model_set(&route->rewrite_to, to) < 0)
		return -ENOMEM;
	return *hostname ? sl_model_set(&route->rewrite_authority, hostname) : 0;
}

/* A star in an origin, as in that of all hosts under a domain, stands for anything. */
static int add_wild_origin(struct sl_model_cors *c, const char *origin)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);
	int e;

	if (!f)
		return -ENOMEM;
	for (const char *p = origin; *p; p++) {
		if (*p == '*')
			fputs(".*", f);
		else
			fprintf(f, strchr(".+?()[]{}|^$\\", *p) ? "\\%c" : "%c", *p);
	}
	if (fclose(f) != 0)
		return -ENOMEM;
	e = sl_model_cors_origin_add(c, SL_TEXT_REGEX, text);
	free(text);
	return e;
}

static int set_cors(const struct sl_node *cors, struct sl_model_cors *c)
{
	const struct sl_node *origins = sl_node_get(cors, "allowOrigins");
	int e = sl_model_set(&c->max_age, sl_node_text(cors, "maxAge", CORS_MAX_AGE));

	c->on = true;
	c->credentials = sl_lower(*sl_node_text(cors, "allowCredentials", "f")) == 't';
	if (e == 0)
		e = sl_list_set(&c->methods, sl_node_get(cors, "allowMethods"));
	if (e == 0)
		e = sl_list_set(&c->headers, sl_node_get(cors, "allowHeaders"));
	if (e == 0)
		e = sl_list_set(&c->expose, sl_node_get(cors, "exposeHeaders"));
	for (uint32_t i = 0; e == 0 && i < sl_node_len(origins); i++) {
		const char *origin = origins->item[i]->text;

		if (strchr(origin, '*') && strcmp(origin, "*") != 0)
			e = add_wild_origin(c, origin);
		else
			e = sl_model_cors_origin_add(c, SL_TEXT_EXACT, origin);
	}
	return e;
}

int sl_api_filters_add(const struct sl_node *filters, int64_t number, struct sl_model_route *route)
{
	const struct sl_node *redirect = find(filters, "RequestRedirect", "requestRedirect");
	const struct sl_node *rewrite = find(filters, "URLRewrite", "urlRewrite");
	const struct sl_node *cors = find(filters, "CORS", "cors");
	int e = add_changes(&(struct sl_header_target){&route->headers, &route->n_headers,
						       &route->rewrite_authority},
			    filters);

	if (e == 0 && cors)
		e = set_cors(cors, &route->cors);
	if (e == 0 && rewrite)
		e = set_rewrite(rewrite, route);
	return e == 0 && redirect ? set_redirect(redirect, number, route) : e;
}
