/* SPDX-License-Identifier: BSD-3-Clause */
/* What a VirtualService's HTTP rule does: rewrite, redirect, answer, headers, faults, CORS. */
#include <errno.h>
#include <stdlib.h>

#include "kube.h"
#include "sl_match.h"
#include "words.h"

struct rule {
	const struct sl_kube *k;
	const struct sl_object *vs;
};

static int bad(const struct rule *r, const struct sl_node *at, const char *what)
{
	return sl_object_bad(r->vs, at->line, r->k->err, "%s", what);
}

static bool is_true(const struct sl_node *n)
{
	return n && sl_lower(*n->text) == 't';
}

/* ---- checks ---- */

/* Envoy's "%REQ(x)%"; a percent sign itself is written twice. */
static bool has_command(const char *value)
{
	for (; *value; value++)
		if (*value == '%' && *++value != '%')
			return true;
	return false;
}

static int check_values(const struct rule *r, const struct sl_node *map)
{
	char show[SL_SHOW_MAX];
	int e = 0;

	for (uint32_t i = 0; e == 0 && map && i < map->n; i++) {
		const struct sl_pair *p = &map->pair[i];

		e = sl_header_check(r->vs, p->line, p->key, p->value->text, r->k->err);
		if (e == 0 && has_command(p->value->text))
			e = sl_object_bad(r->vs, p->line, r->k->err,
					  "value of header '%s' with a command (%%...%%), which is "
					  "not served yet; write a constant, a '%%' as '%%%%'",
					  sl_show(p->key, show));
	}
	return e;
}

int sl_vs_headers_check(const struct sl_kube *k, const struct sl_object *vs,
			const struct sl_node *headers)
{
	static const char *const ways[] = {"request", "response"};
	const struct rule r = {k, vs};
	int e = 0;

	for (size_t w = 0; e == 0 && w < SL_ARRAY_LEN(ways); w++) {
		const struct sl_node *h = sl_node_get(headers, ways[w]);
		const struct sl_node *remove = sl_node_get(h, "remove");

		e = check_values(&r, sl_node_get(h, "set"));
		if (e == 0)
			e = check_values(&r, sl_node_get(h, "add"));
		for (uint32_t i = 0; e == 0 && i < sl_node_len(remove); i++)
			e = sl_header_check(vs, remove->item[i]->line, remove->item[i]->text, "",
					    k->err);
	}
	return e;
}

static int check_redirect(const struct rule *r, const struct sl_node *redirect)
{
	int64_t code = sl_node_int(redirect, "redirectCode", 301);

	if (code > 303 && code < 307)
		return bad(r, redirect,
			   "redirectCode can't be answered; write 301, 302, 303, 307 "
			   "or 308");
	if (sl_node_get(redirect, "port") && sl_node_get(redirect, "derivePort"))
		return bad(r, redirect, "redirect with port and derivePort; write one of them");
	for (uint32_t i = 0; i < redirect->n; i++)
		if (redirect->pair[i].value->type != SL_NODE_NULL)
			return 0;
	return bad(r, redirect, "redirect to the same place; write uri or authority");
}

static int check_rewrite(const struct rule *r, const struct sl_node *rewrite)
{
	const struct sl_node *regex = sl_node_get(rewrite, "uriRegexRewrite");
	const char *match = sl_node_text(regex, "match", "");
	const char *with = sl_node_text(regex, "rewrite", "");
	struct sl_err why = {""};
	char show[SL_SHOW_MAX];

	if (!regex)
		return 0;
	if (*sl_node_text(rewrite, "uri", ""))
		return bad(r, rewrite, "rewrite with uri and uriRegexRewrite; write one of them");
	if (!*match)
		return bad(r, regex, "uriRegexRewrite with an empty match; write an expression");
	if (sl_match_subst_check(sl_str(match), sl_str(with), &why) == 0)
		return 0;
	return sl_object_bad(
		r->vs, regex->line, r->k->err,
		"uriRegexRewrite of '%s': %s; write a regular expression (RE2) and its "
		"groups as \\1",
		sl_show(match, show), why.text);
}

static int check_cors(const struct rule *r, const struct sl_node *cors)
{
	const struct sl_node *origins = sl_node_get(cors, "allowOrigins");
	enum sl_text_match match;

	for (uint32_t i = 0; i < sl_node_len(origins); i++)
		if (!sl_vs_text(origins->item[i], &match))
			return bad(
				r, origins->item[i],
				"origin without one match; write one of exact, prefix and regex");
	return 0;
}

int sl_vs_action_check(const struct sl_kube *k, const struct sl_object *vs,
		       const struct sl_node *http)
{
	const struct rule r = {k, vs};
	const struct sl_node *redirect = sl_node_get(http, "redirect");
	int e = sl_vs_headers_check(k, vs, sl_node_get(http, "headers"));

	if (e == 0 && redirect)
		e = check_redirect(&r, redirect);
	if (e == 0)
		e = check_rewrite(&r, sl_node_get(http, "rewrite"));
	return e ? e : check_cors(&r, sl_node_get(http, "corsPolicy"));
}

/* ---- routes ---- */

/* A text with each "%%" as one. */
static char *unescaped(const char *text)
{
	char *out = strdup(text), *to = out;

	for (const char *p = text; out && *p; p++) {
		*to++ = *p;
		p += p[0] == '%' && p[1] == '%';
	}
	if (out)
		*to = '\0';
	return out;
}

static int add_value(const struct sl_header_target *t, enum sl_header_op op, bool response,
		     const struct sl_pair *pair)
{
	char *text = unescaped(pair->value->text);
	int e = text ? sl_header_add(t, op, response, pair->key, text) : -ENOMEM;

	free(text);
	return e;
}

/* Istio sorts what is set, and what is added, by name; order shows only among equal names. */
static int add_headers(const struct sl_header_target *t, const struct sl_node *headers)
{
	static const struct {
		const char *key;
		enum sl_header_op op;
	} maps[] = {{"set", SL_HEADER_SET}, {"add", SL_HEADER_ADD}};
	int e = 0;

	for (int response = 0; response <= 1; response++) {
		const struct sl_node *h = sl_node_get(headers, response ? "response" : "request");
		const struct sl_node *remove = sl_node_get(h, "remove");

		for (size_t m = 0; m < SL_ARRAY_LEN(maps); m++) {
			const struct sl_node *map = sl_node_get(h, maps[m].key);

			for (uint32_t i = 0; e == 0 && map && i < map->n; i++)
				e = add_value(t, maps[m].op, response, &map->pair[i]);
		}
		for (uint32_t i = 0; e == 0 && i < sl_node_len(remove); i++)
			e = sl_header_add(t, SL_HEADER_REMOVE, response, remove->item[i]->text, "");
	}
	return e;
}

int sl_vs_weight_headers_add(const struct sl_node *headers, struct sl_model_weight *weight)
{
	const struct sl_header_target t = {&weight->headers, &weight->n_headers,
					   &weight->authority};

	return add_headers(&t, headers);
}

static int set_rewrite(const struct sl_node *http, struct sl_model_route *route)
{
	const struct sl_node *regex = sl_node_at(http, "rewrite.uriRegexRewrite");
	const char *uri = sl_node_text(http, "rewrite.uri", "");
	const char *authority = sl_node_text(http, "rewrite.authority", "");
	int e = 0;

	if (regex) {
		route->rewrite = SL_REWRITE_REGEX;
		e = sl_model_set(&route->rewrite_regex, sl_node_text(regex, "match", ""));
		uri = sl_node_text(regex, "rewrite", "");
	} else if (*uri) {
		route->rewrite =
			route->match == SL_PATH_PREFIX ? SL_REWRITE_PREFIX : SL_REWRITE_PATH;
	}
	if (e == 0)
		e = sl_model_set(&route->rewrite_to, uri);
	if (e == 0 && *authority)
		e = sl_model_set(&route->rewrite_authority, authority);
	return e;
}

/* A port that is the scheme's own is not written, and then the request's stays. */
static uint16_t redirect_port(const struct sl_node *redirect, int64_t server_port)
{
	const char *scheme = sl_node_text(redirect, "scheme", "http");
	int64_t port = sl_node_int(redirect, "port", 0);

	if (strcmp(sl_node_text(redirect, "derivePort", ""), "FROM_REQUEST_PORT") == 0)
		port = server_port;
	if (port == (strcmp(scheme, "https") == 0 ? 443 : 80))
		port = 0;
	return (uint16_t)port;
}

static int set_redirect(const struct sl_node *redirect, int64_t port, struct sl_model_route *route)
{
	int e = sl_model_set(&route->redirect_path, sl_node_text(redirect, "uri", ""));

	route->action = SL_ROUTE_REDIRECT;
	route->status = (uint16_t)sl_node_int(redirect, "redirectCode", 301);
	route->redirect_rewrite = *route->redirect_path ? SL_REWRITE_PATH : SL_REWRITE_NONE;
	route->redirect_port = redirect_port(redirect, port);
	if (e == 0)
		e = sl_model_set(&route->redirect_scheme, sl_node_text(redirect, "scheme", ""));
	return e ? e
		 : sl_model_set(&route->redirect_authority,
				sl_node_text(redirect, "authority", ""));
}

/* Millionths of all requests; a fault that says no share happens to none (Istio). */
static uint32_t share(const struct sl_node *fault)
{
	const struct sl_node *value = sl_node_at(fault, "percentage.value");

	if (value)
		return (uint32_t)(strtod(value->text, NULL) * (SL_MODEL_PPM / 100.0) + 0.5);
	return (uint32_t)sl_node_int(fault, "percent", 0) * (SL_MODEL_PPM / 100);
}

static void set_fault(const struct sl_node *fault, struct sl_model_fault *f)
{
	const struct sl_node *delay = sl_node_get(fault, "delay");
	const struct sl_node *abort = sl_node_get(fault, "abort");

	if (delay) {
		(void)sl_word_ms(sl_node_text(delay, "fixedDelay", "0"), &f->delay_ms);
		f->delay_ppm = share(delay);
	}
	if (abort) {
		f->abort_status = (uint16_t)sl_node_int(abort, "httpStatus", 0);
		f->abort_ppm = share(abort);
	}
}

static int set_cors(const struct sl_node *cors, struct sl_model_cors *c)
{
	const struct sl_node *origins = sl_node_get(cors, "allowOrigins");
	const struct sl_node *exact = sl_node_get(cors, "allowOrigin");
	const char *age = sl_node_text(cors, "maxAge", "");
	char seconds[16];
	uint32_t ms = 0;
	int e;

	c->on = true;
	c->credentials = is_true(sl_node_get(cors, "allowCredentials"));
	c->answer_unmatched = strcmp(sl_node_text(cors, "unmatchedPreflights", ""), "IGNORE") == 0;
	e = sl_list_set(&c->methods, sl_node_get(cors, "allowMethods"));
	if (e == 0)
		e = sl_list_set(&c->headers, sl_node_get(cors, "allowHeaders"));
	if (e == 0)
		e = sl_list_set(&c->expose, sl_node_get(cors, "exposeHeaders"));
	(void)sl_word_ms(*age ? age : "0", &ms);
	snprintf(seconds, sizeof(seconds), "%u", ms / 1000);
	if (e == 0 && *age)
		e = sl_model_set(&c->max_age, seconds);
	for (uint32_t i = 0; e == 0 && i < sl_node_len(origins); i++) {
		enum sl_text_match match = SL_TEXT_EXACT;
		const struct sl_node *text = sl_vs_text(origins->item[i], &match);

		e = sl_model_cors_origin_add(c, match, text->text);
	}
	for (uint32_t i = 0; e == 0 && !origins && i < sl_node_len(exact); i++)
		e = sl_model_cors_origin_add(c, SL_TEXT_EXACT, exact->item[i]->text);
	return e;
}

int sl_vs_action_add(const struct sl_node *http, int64_t port, struct sl_model_route *route)
{
	const struct sl_header_target t = {&route->headers, &route->n_headers,
					   &route->rewrite_authority};
	const struct sl_node *redirect = sl_node_get(http, "redirect");
	const struct sl_node *direct = sl_node_get(http, "directResponse");
	const struct sl_node *cors = sl_node_get(http, "corsPolicy");
	int e = add_headers(&t, sl_node_get(http, "headers"));

	set_fault(sl_node_get(http, "fault"), &route->fault);
	if (e == 0 && cors)
		e = set_cors(cors, &route->cors);
	if (e)
		return e;
	if (redirect)
		return set_redirect(redirect, port, route);
	if (direct) {
		route->action = SL_ROUTE_DIRECT;
		route->status = (uint16_t)sl_node_int(direct, "status", 200);
		return sl_model_set(&route->direct_body, sl_node_text(direct, "body.string", ""));
	}
	route->action = SL_ROUTE_FORWARD;
	return set_rewrite(http, route);
}
