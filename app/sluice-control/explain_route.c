/* SPDX-License-Identifier: BSD-3-Clause */
/* explain, second half: from a listener to the endpoints, with the losers and why they lost. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "explain.h"
#include "sl_http.h"
#include "view.h"

#define LOSERS_MAX 50u

/* A listener that is not HTTP: where its connections go. */
static bool relay(struct explain *x, const struct sl_snap_listener *l)
{
	const struct sl_snap_route *r = sl_snap_relay_route(x->s, l);
	bool some = false;

	explain_step(x, "listener", "%.*s of TCP: its bytes are passed on, no request is read",
		     SL_STR_ARG(sl_snap_str(x->s, l->name)));
	json_object_set_new(x->answer, "listener", json_text_of(sl_snap_str(x->s, l->name)));
	for (uint32_t i = 0; r && i < r->weights.n; i++) {
		const struct sl_snap_weight *w = sl_snap_weight(x->s, r->weights.first + i);

		explain_cluster(x, w->cluster, w->weight, r->weight_sum);
		some |= w->weight > 0 && sl_snap_cluster(x->s, w->cluster)->healthy.n > 0;
	}
	explain_outcome(x, 0, some ? "" : "UH", some ? "" : "no_healthy_upstream",
			some ? "passed on to one of the healthy endpoints above"
			     : "no healthy endpoint: the connection is reset");
	return false;
}

bool explain_listener(struct explain *x)
{
	const struct sl_snap_listener *l = sl_snap_listener(x->s, x->listener);
	struct sl_str name = sl_snap_str(x->s, l->name);
	struct sl_str table = sl_snap_str(x->s, sl_snap_table(x->s, l->table)->name);

	if (l->relay)
		return relay(x, l);
	explain_step(x, "listener", "%.*s, route table %.*s", SL_STR_ARG(name), SL_STR_ARG(table));
	json_object_set_new(x->answer, "listener", json_text_of(name));
	json_object_set_new(x->answer, "table", json_text_of(table));
	return true;
}

static void no_vhost(struct explain *x, const struct sl_snap_table *t)
{
	struct sl_str host = sl_snap_host_name(sl_str(x->host));

	for (uint32_t i = 0; i < t->domains.n && i < LOSERS_MAX; i++)
		explain_step(x, "not", "domain %.*s",
			     SL_STR_ARG(sl_snap_str(
				     x->s, sl_snap_domain(x->s, t->domains.first + i)->name)));
	if (t->domains.n > LOSERS_MAX)
		explain_step(x, "not", "and %u more domains", t->domains.n - LOSERS_MAX);
	explain_step(x, "virtual host", "none: no domain of the table matches Host %.*s",
		     SL_STR_ARG(host));
	explain_outcome(x, 404, "NR", "route_not_found", "no virtual host serves this Host");
}

static const char *match_words(const struct sl_snap_route *r)
{
	static const char *const words[] = {[SL_PATH_ANY] = "any path",
					    [SL_PATH_EXACT] = "exactly ",
					    [SL_PATH_PREFIX] = "prefix ",
					    [SL_PATH_REGEX] = "regex ",
					    [SL_PATH_ELEMENTS] = "path elements "};

	return r->match < SL_ARRAY_LEN(words) ? words[r->match] : "?";
}

/* What a condition wants, as "header x-user exactly jason". */
static void cond_words(const struct sl_snap *s, const struct sl_snap_cond *c, char *buf, size_t cap)
{
	static const char *const on[] = {
		[SL_ON_METHOD] = "method",       [SL_ON_SCHEME] = "scheme",
		[SL_ON_AUTHORITY] = "authority", [SL_ON_TARGET] = ":path",
		[SL_ON_HEADER] = "header ",      [SL_ON_QUERY] = "query parameter ",
	};
	static const char *const match[] = {
		[SL_TEXT_PRESENT] = "present",
		[SL_TEXT_EXACT] = "exactly ",
		[SL_TEXT_PREFIX] = "prefix ",
		[SL_TEXT_REGEX] = "regex ",
	};

	struct sl_str name = sl_snap_str(s, c->name), text = sl_snap_str(s, c->text);

	snprintf(buf, cap, "%s%.*s %s%s%.*s", on[c->on], SL_STR_ARG(name), c->invert ? "not " : "",
		 match[c->match], SL_STR_ARG(text));
}

/* Why a route lost, with the condition that did not hold. */
static void loser(struct explain *x, struct sl_match_scratch *scratch,
		  const struct sl_snap_request *rq, const struct sl_route_hit *hit, uint32_t index,
		  json_t *losers)
{
	uint32_t row = sl_snap_vhost(x->s, hit->vhost)->routes.first + index, cond;
	const struct sl_snap_route *r = sl_snap_route(x->s, row);
	struct sl_str path = sl_snap_str(x->s, r->path);
	const char *why = sl_why_text(sl_snap_route_why(x->s, scratch, rq, hit, row, &cond));
	char words[512] = "";
	json_t *entry;

	if (cond != SL_SNAP_NONE)
		cond_words(x->s, sl_snap_cond(x->s, cond), words, sizeof(words));
	explain_step(x, "not", "route %u, %s%.*s: %s%s%s%s", index + 1, match_words(r),
		     SL_STR_ARG(path), why, words[0] ? " (" : "", words, words[0] ? ")" : "");
	entry = json_pack("{s:i, s:o, s:s}", "index", (int)index + 1, "path", json_text_of(path),
			  "why", why);
	if (words[0])
		json_object_set_new(entry, "condition", json_text(words));
	json_array_append_new(losers, entry);
}

/* Routes in list order up to the one that was taken, with the reason of each. */
static void routes(struct explain *x, struct sl_match_scratch *scratch,
		   const struct sl_snap_request *rq, const struct sl_route_hit *hit)
{
	const struct sl_snap_vhost *v = sl_snap_vhost(x->s, hit->vhost);
	uint32_t taken = hit->route != SL_SNAP_NONE ? hit->route - v->routes.first : v->routes.n;
	uint32_t from = taken > LOSERS_MAX ? taken - LOSERS_MAX : 0;
	json_t *losers = json_array();

	if (from > 0)
		explain_step(x, "not", "routes 1 to %u, none of which matches", from);
	for (uint32_t i = from; i < taken; i++)
		loser(x, scratch, rq, hit, i, losers);
	json_object_set_new(x->answer, "not", losers);
}

/* The conditions a route was taken by, besides its path. */
static void conditions(struct explain *x, const struct sl_snap_route *r)
{
	char words[512];

	for (uint32_t i = 0; i < r->conds.n; i++) {
		cond_words(x->s, sl_snap_cond(x->s, r->conds.first + i), words, sizeof(words));
		explain_step(x, "condition", "%s", words);
	}
}

/* VirtualServices go by their name alone, other objects by kind and name. */
static const char *of_object(struct sl_str name)
{
	if (name.n == 0)
		return "";
	return memchr(name.p, '/', name.n) != NULL ? ", " : ", virtual service ";
}

static void taken(struct explain *x, const struct sl_route_hit *hit)
{
	const struct sl_snap_vhost *v = sl_snap_vhost(x->s, hit->vhost);
	const struct sl_snap_route *r = sl_snap_route(x->s, hit->route);
	struct sl_str vs = sl_snap_str(x->s, r->virtual_service);
	struct sl_str path = sl_snap_str(x->s, r->path);
	uint32_t index = hit->route - v->routes.first + 1;

	explain_step(x, "route", "%u of %u, %s%.*s%s%.*s: %s", index, v->routes.n, match_words(r),
		     SL_STR_ARG(path), of_object(vs), SL_STR_ARG(vs), sl_why_text(SL_WHY_TAKEN));
	conditions(x, r);
	json_object_set_new(x->answer, "route",
			    json_pack("{s:i, s:o, s:o, s:o}", "index", (int)index, "name",
				      view_text(x->s, r->name), "path", json_text_of(path),
				      "virtual_service", json_text_of(vs)));
}

static bool rewrite(struct explain *x, struct sl_match_scratch *scratch, uint32_t route)
{
	const struct sl_snap_route *r = sl_snap_route(x->s, route);
	struct sl_str authority = sl_snap_str(x->s, r->rewrite_authority);
	char target[sizeof(x->path) + sizeof(x->query)], out[sizeof(target) + 4096];
	int n = snprintf(target, sizeof(target), "%.*s%s", (int)x->path_len, x->path, x->query);

	n = sl_snap_rewrite(x->s, scratch, route, (struct sl_str){target, (uint32_t)n}, out,
			    sizeof(out));
	if (n == -EINVAL) {
		explain_outcome(x, 500, "", "rewrite_invalid_path",
				"the regex of the rewrite takes too many steps on this path");
		return false;
	}
	if (n < 0) {
		explain_outcome(x, sl_http_error_status(SL_HTTP_E_LINE_TOO_LONG), "",
				sl_http_error_details(SL_HTTP_E_LINE_TOO_LONG),
				"the rewritten path is too long");
		return false;
	}
	json_object_set_new(x->answer, "upstream_target",
			    json_text_of((struct sl_str){out, (uint32_t)n}));
	if (r->rewrite == SL_REWRITE_NONE)
		explain_step(x, "rewrite", "none, %.*s goes upstream", n, out);
	else
		explain_step(x, "rewrite", "%s -> %.*s (%s replaced)", target, n, out,
			     r->rewrite == SL_REWRITE_PATH    ? "whole path"
			     : r->rewrite == SL_REWRITE_REGEX ? "what the regex matches"
							      : "matched prefix");
	if (authority.n > 0)
		explain_step(x, "rewrite", "Host becomes %.*s", SL_STR_ARG(authority));
	return true;
}

/* What the workers do when too few are left. */
static void explain_panic(struct explain *x, const struct sl_snap_cluster *cl, uint32_t usable)
{
	if (usable == cl->healthy.n)
		return;
	if ((uint64_t)usable * 100 < (uint64_t)cl->panic_percent * cl->healthy.n)
		explain_step(x, "endpoint",
			     "%u of %u usable, less than the panic threshold of %u %%: all are "
			     "taken for healthy",
			     usable, cl->healthy.n, cl->panic_percent);
	else
		explain_step(x, "endpoint", "%u of %u usable", usable, cl->healthy.n);
}

/* Whether its endpoints are what names stand for. */
static bool by_name(const struct sl_snap *s, const struct sl_snap_cluster *cl)
{
	struct sl_str type = sl_snap_str(s, cl->type);

	return sl_str_eq(type, SL_STR("STRICT_DNS")) || sl_str_eq(type, SL_STR("LOGICAL_DNS"));
}

void explain_cluster(struct explain *x, uint32_t cluster, uint32_t weight, uint32_t sum)
{
	const struct sl_snap_cluster *cl = sl_snap_cluster(x->s, cluster);
	struct sl_str name = sl_snap_str(x->s, cl->name);
	json_t *list = json_object_get(x->answer, "clusters"), *hosts = json_array();
	char addr[SL_IP_PORT_TEXT_MAX];
	uint32_t usable = 0;

	if (list == NULL) {
		list = json_array();
		json_object_set_new(x->answer, "clusters", list);
	}
	if (weight == sum)
		explain_step(x, "cluster", "%.*s", SL_STR_ARG(name));
	else
		explain_step(x, "cluster", "%.*s, weight %u of %u", SL_STR_ARG(name), weight, sum);
	for (uint32_t i = 0; i < cl->endpoints.n; i++) {
		const struct sl_snap_endpoint *ep = sl_snap_endpoint(x->s, cl->endpoints.first + i);
		struct view_health h = view_health_of(ep);

		sl_ip_port_format(&ep->ip, ep->port, addr);
		explain_step(x, "endpoint", "%s, weight %u, %s%s%s", addr, ep->weight, h.status,
			     h.failed_check ? ", it fails its checks" : "",
			     h.ejected ? ", ejected for its failures" : "");
		json_array_append_new(hosts,
				      json_pack("{s:s, s:i, s:s, s:s}", "endpoint", addr, "weight",
						(int)ep->weight, "health", h.status, "outlier",
						h.ejected ? "FAILED" : "OK"));
		usable += view_usable(ep, &h);
	}
	explain_panic(x, cl, usable);
	if (cl->endpoints.n == 0)
		explain_step(x, "endpoint", "%s",
			     by_name(x->s, cl) ? "none: nobody has answered for its names yet; "
						 "`sluicectl status` shows them"
					       : "none");
	json_array_append_new(list, json_pack("{s:o, s:I, s:o}", "name", json_text_of(name),
					      "weight", (json_int_t)weight, "endpoints", hosts));
}

static void changes(struct explain *x, struct sl_span span)
{
	for (uint32_t i = 0; i < span.n; i++) {
		const struct sl_snap_change *c = sl_snap_change(x->s, span.first + i);

		explain_step(x, "header", "%s: %s %.*s%s%.*s", c->response ? "answer" : "request",
			     c->put ? "put" : "drop", SL_STR_ARG(sl_snap_str(x->s, c->name)),
			     c->put ? ": " : "", SL_STR_ARG(sl_snap_str(x->s, c->value)));
	}
}

/* Copies of the request, which change nothing about its answer. */
static void mirrors(struct explain *x, const struct sl_snap_route *r)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < r->mirrors.n; i++) {
		const struct sl_snap_mirror *m = sl_snap_mirror(x->s, r->mirrors.first + i);
		const struct sl_snap_cluster *cl = sl_snap_cluster(x->s, m->cluster);
		double percent = m->ppm * 100.0 / SL_MODEL_PPM;
		struct sl_str name = sl_snap_str(x->s, cl->name);

		explain_step(x, "mirror", "copies of %.4g %% go to %.*s, \"-shadow\" behind Host%s",
			     percent, SL_STR_ARG(name),
			     cl->healthy.n > 0 ? "" : "; it has no healthy endpoint");
		json_array_append_new(list, json_pack("{s:o, s:f}", "name", json_text_of(name),
						      "percent", percent));
	}
	if (r->mirrors.n > 0)
		json_object_set(x->answer, "mirrors", list);
	json_decref(list);
}

static void forward(struct explain *x, const struct sl_snap_route *r)
{
	uint32_t usable = 0, without = 0;

	for (uint32_t i = 0; i < r->weights.n; i++) {
		const struct sl_snap_weight *w = sl_snap_weight(x->s, r->weights.first + i);

		explain_cluster(x, w->cluster, w->weight, r->weight_sum);
		if (r->rewrite_authority.len == 0 && w->authority.len > 0)
			explain_step(x, "rewrite", "Host becomes %.*s",
				     SL_STR_ARG(sl_snap_str(x->s, w->authority)));
		changes(x, w->changes);
		if (w->weight == 0)
			continue;
		usable++;
		without += sl_snap_cluster(x->s, w->cluster)->healthy.n == 0;
	}
	mirrors(x, r);
	if (usable == 0)
		explain_outcome(x, 503, "NC", "cluster_not_found", "the route has no cluster");
	else if (without == usable)
		explain_outcome(x, 503, "UH", "no_healthy_upstream",
				"no healthy endpoint: body \"no healthy upstream\"");
	else if (without > 0)
		explain_outcome(x, 0, "", "via_upstream",
				"forwarded; but 503 (flag UH) when the choice falls on a cluster "
				"without a healthy endpoint");
	else
		explain_outcome(x, 0, "", "via_upstream",
				"forwarded to one of the healthy endpoints above");
}

/* Faults come before everything else a route does. */
static void faults(struct explain *x, const struct sl_snap_route *r)
{
	if (r->fault_delay_ppm)
		explain_step(x, "fault", "%.4g %% are held back for %u ms (flag DI)",
			     r->fault_delay_ppm * 100.0 / SL_MODEL_PPM, r->fault_delay_ms);
	if (r->fault_abort_ppm)
		explain_step(x, "fault", "%.4g %% are answered %u (flag %s)",
			     r->fault_abort_ppm * 100.0 / SL_MODEL_PPM, r->fault_abort_status,
			     r->fault_no_backend ? "NC: a backend that isn't there" : "FI");
}

static void redirect(struct explain *x, uint32_t route)
{
	const struct sl_snap_route *r = sl_snap_route(x->s, route);
	char target[sizeof(x->path) + sizeof(x->query)], out[sizeof(target) + 4096];
	int n = snprintf(target, sizeof(target), "%.*s%s", (int)x->path_len, x->path, x->query);

	n = sl_snap_redirect(x->s, route, SL_STR("http"), sl_str(x->host),
			     (struct sl_str){target, (uint32_t)n}, out, sizeof(out));
	if (n < 0) {
		explain_outcome(x, sl_http_error_status(SL_HTTP_E_LINE_TOO_LONG), "",
				sl_http_error_details(SL_HTTP_E_LINE_TOO_LONG),
				"the place it is sent to is too long");
		return;
	}
	explain_step(x, "redirect", "to %.*s", n, out);
	json_object_set_new(x->answer, "location", json_text_of((struct sl_str){out, (uint32_t)n}));
	explain_outcome(x, r->status, "", "direct_response", "redirected by the route");
}

static void act(struct explain *x, struct sl_match_scratch *scratch, uint32_t route)
{
	const struct sl_snap_route *r = sl_snap_route(x->s, route);

	faults(x, r);
	if (r->fault_no_backend && r->fault_abort_ppm == SL_MODEL_PPM) {
		explain_outcome(x, r->fault_abort_status, "NC", "cluster_not_found",
				"none of the route's backends is there");
		return;
	}
	if (r->action == SL_ROUTE_FORWARD) {
		if (rewrite(x, scratch, route))
			forward(x, r);
		return;
	}
	changes(x, r->changes);
	if (r->action == SL_ROUTE_DIRECT)
		explain_outcome(x, r->status, "", "direct_response",
				"answered by the route itself");
	else
		redirect(x, route);
}

void explain_route(struct explain *x, struct sl_match_scratch *scratch)
{
	uint32_t table = sl_snap_listener(x->s, x->listener)->table;
	/* What the gateway sets itself and does not depend on the client. */
	static const struct sl_snap_field ours = {{"x-forwarded-proto", 17}, {"http", 4}};
	struct sl_snap_request rq = {.host = sl_str(x->host),
				     .path = {x->path, x->path_len},
				     .query = sl_str(x->query),
				     .method = x->req.method,
				     .scheme = SL_STR("http"),
				     .field = x->req.field,
				     .n_fields = x->req.n_fields,
				     .ours = &ours,
				     .n_ours = 1};
	struct sl_str name, domain;
	struct sl_route_hit hit;

	sl_snap_route_find(x->s, scratch, table, &rq, &hit);
	if (hit.vhost == SL_SNAP_NONE) {
		no_vhost(x, sl_snap_table(x->s, table));
		return;
	}
	name = sl_snap_str(x->s, sl_snap_vhost(x->s, hit.vhost)->name);
	domain = sl_snap_str(x->s, sl_snap_domain(x->s, hit.domain)->name);
	explain_step(x, "virtual host", "%.*s: Host %s matches its domain %.*s", SL_STR_ARG(name),
		     x->host, SL_STR_ARG(domain));
	json_object_set_new(x->answer, "virtual_host", json_text_of(name));
	json_object_set_new(x->answer, "domain", json_text_of(domain));
	routes(x, scratch, &rq, &hit);
	if (hit.route == SL_SNAP_NONE) {
		explain_step(x, "route", "none of %u matches %.*s",
			     sl_snap_vhost(x->s, hit.vhost)->routes.n, (int)rq.path.n, rq.path.p);
		explain_outcome(x, 404, "NR", "route_not_found",
				"no route of the virtual host matches the request");
		return;
	}
	taken(x, &hit);
	act(x, scratch, hit.route);
}
