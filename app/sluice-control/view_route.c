/* SPDX-License-Identifier: BSD-3-Clause */
/* pc route: rows and Envoy-shaped RouteConfigurations of the snapshot in use. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "view.h"

static int compare_tables(const void *a, const void *b, void *snap)
{
	const char *x = sl_snap_str(snap, sl_snap_table(snap, *(const uint32_t *)a)->name).p;
	const char *y = sl_snap_str(snap, sl_snap_table(snap, *(const uint32_t *)b)->name).p;
	char *ex, *ey;
	long nx = strtol(x, &ex, 10), ny = strtol(y, &ey, 10);

	if (*x != '\0' && *y != '\0' && *ex == '\0' && *ey == '\0')
		return (nx > ny) - (nx < ny);
	return strcmp(x, y);
}

/* The MATCH cell of istioctl. */
json_t *view_match_cell(const struct sl_snap *s, const struct sl_snap_route *r)
{
	struct sl_str path = sl_snap_str(s, r->path);
	const char *before = r->match == SL_PATH_REGEX      ? "regex "
			     : r->match == SL_PATH_ELEMENTS ? "PathPrefix:"
							    : "";
	const char *after = r->match == SL_PATH_PREFIX ? "*" : "";
	char *text = NULL;
	json_t *cell;

	if (r->match == SL_PATH_ANY)
		return json_string("/*");
	if (asprintf(&text, "%s%.*s%s", before, SL_STR_ARG(path), after) < 0)
		return NULL;
	cell = json_text(text);
	free(text);
	return cell;
}

/* One domain as it is; of more, the first two and how many there are besides. */
static json_t *domains_cell(const struct sl_snap *s, struct sl_span names)
{
	struct sl_str a, b;
	char *text = NULL;
	json_t *cell;
	int n;

	if (names.n == 0)
		return json_string("");
	a = sl_snap_str(s, *sl_snap_name(s, names.first));
	if (names.n == 1)
		return json_text_of(a);
	b = sl_snap_str(s, *sl_snap_name(s, names.first + 1));
	n = names.n == 2 ? asprintf(&text, "%.*s, %.*s", SL_STR_ARG(a), SL_STR_ARG(b))
			 : asprintf(&text, "%.*s, %.*s + %u more...", SL_STR_ARG(a), SL_STR_ARG(b),
				    names.n - 2);
	if (n < 0)
		return NULL;
	cell = json_text(text);
	free(text);
	return cell;
}

static void vhost_rows(const struct sl_snap *s, const struct sl_snap_table *t,
		       const struct sl_snap_vhost *vh, json_t *rows)
{
	for (uint32_t k = 0; k < vh->routes.n; k++) {
		const struct sl_snap_route *r = sl_snap_route(s, vh->routes.first + k);

		json_array_append_new(
			rows, json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", view_text(s, t->name),
					"vhost", view_text(s, vh->name), "domains",
					domains_cell(s, vh->names), "match", view_match_cell(s, r),
					"virtual_service", view_text(s, r->virtual_service)));
	}
	if (vh->routes.n == 0)
		json_array_append_new(rows, json_pack("{s:o, s:o, s:o, s:s, s:s}", "name",
						      view_text(s, t->name), "vhost",
						      view_text(s, vh->name), "domains",
						      domains_cell(s, vh->names), "match", "/*",
						      "virtual_service", "404"));
}

static json_t *text_proto(const struct sl_snap *s, const struct sl_snap_cond *c)
{
	json_t *text = view_text(s, c->text);

	if (c->match == SL_TEXT_REGEX)
		return json_pack("{s:{s:o}}", "safeRegex", "regex", text);
	return json_pack("{s:o}", c->match == SL_TEXT_PREFIX ? "prefix" : "exact", text);
}

static void cond_proto(const struct sl_snap *s, const struct sl_snap_cond *c, json_t *headers,
		       json_t *query)
{
	static const char *const pseudo[] = {[SL_ON_METHOD] = ":method",
					     [SL_ON_SCHEME] = ":scheme",
					     [SL_ON_AUTHORITY] = ":authority",
					     [SL_ON_TARGET] = ":path"};
	json_t *p = json_object();

	if (c->on == SL_ON_HEADER || c->on == SL_ON_QUERY)
		json_object_set_new(p, "name", view_text(s, c->name));
	else
		json_object_set_new(p, "name", json_string(pseudo[c->on]));
	if (c->match == SL_TEXT_PRESENT)
		json_object_set_new(p, "presentMatch", json_true());
	else
		json_object_set_new(p, "stringMatch", text_proto(s, c));
	if (c->invert)
		json_object_set_new(p, "invertMatch", json_true());
	if (c->invert && c->match != SL_TEXT_PRESENT)
		json_object_set_new(p, "treatMissingHeaderAsEmpty", json_true());
	json_array_append_new(c->on == SL_ON_QUERY ? query : headers, p);
}

static json_t *path_proto(const struct sl_snap *s, const struct sl_snap_route *r)
{
	json_t *path = view_text(s, r->path);

	switch (r->match) {
	case SL_PATH_EXACT:
		return json_pack("{s:o}", "path", path);
	case SL_PATH_PREFIX:
		return json_pack("{s:o}", "prefix", path);
	case SL_PATH_ELEMENTS:
		return json_pack("{s:o}", r->path.len > 1 ? "pathSeparatedPrefix" : "prefix", path);
	case SL_PATH_REGEX:
		return json_pack("{s:{s:o}}", "safeRegex", "regex", path);
	default:
		json_decref(path);
		return json_pack("{s:s}", "prefix", "/");
	}
}

static json_t *match_proto(const struct sl_snap *s, const struct sl_snap_route *r)
{
	json_t *p = path_proto(s, r), *headers = json_array(), *query = json_array();

	if (r->ignore_case)
		json_object_set_new(p, "caseSensitive", json_false());
	for (uint32_t i = 0; i < r->conds.n; i++)
		cond_proto(s, sl_snap_cond(s, r->conds.first + i), headers, query);
	if (json_array_size(headers) > 0)
		json_object_set(p, "headers", headers);
	if (json_array_size(query) > 0)
		json_object_set(p, "queryParameters", query);
	json_decref(headers);
	json_decref(query);
	return p;
}

static json_t *weights_proto(const struct sl_snap *s, const struct sl_snap_route *r)
{
	json_t *clusters = json_array();

	for (uint32_t i = 0; i < r->weights.n; i++) {
		const struct sl_snap_weight *w = sl_snap_weight(s, r->weights.first + i);

		json_array_append_new(clusters,
				      json_pack("{s:o, s:I}", "name",
						view_text(s, sl_snap_cluster(s, w->cluster)->name),
						"weight", (json_int_t)w->weight));
	}
	return json_pack("{s:o, s:I}", "clusters", clusters, "totalWeight",
			 (json_int_t)r->weight_sum);
}

static json_t *retry_proto(const struct sl_snap_route *r)
{
	char words[SL_RETRY_TEXT_MAX];
	json_t *codes = json_array();
	json_t *p = json_pack("{s:s, s:i}", "retryOn", sl_retry_on_text(r->retry_on, words),
			      "numRetries", (int)r->retry_attempts);

	for (uint32_t i = 0; i < SL_RETRY_CODES_MAX && r->retry_codes[i]; i++)
		json_array_append_new(codes, json_integer(r->retry_codes[i]));
	if (json_array_size(codes) > 0)
		json_object_set(p, "retriableStatusCodes", codes);
	json_decref(codes);
	if (r->per_try_timeout_ms > 0)
		json_object_set_new(p, "perTryTimeout", view_duration(r->per_try_timeout_ms));
	return p;
}

static json_t *mirrors_proto(const struct sl_snap *s, const struct sl_snap_route *r)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < r->mirrors.n; i++) {
		const struct sl_snap_mirror *m = sl_snap_mirror(s, r->mirrors.first + i);
		json_t *share = m->ppm == SL_MODEL_PPM
					? json_pack("{s:i}", "numerator", 100) /* of a hundred */
					: json_pack("{s:I, s:s}", "numerator", (json_int_t)m->ppm,
						    "denominator", "MILLION");

		json_array_append_new(list,
				      json_pack("{s:o, s:{s:o}, s:b}", "cluster",
						view_text(s, sl_snap_cluster(s, m->cluster)->name),
						"runtimeFraction", "defaultValue", share,
						"traceSampled", 0));
	}
	return list;
}

static json_t *forward_proto(const struct sl_snap *s, const struct sl_snap_route *r)
{
	json_t *p = json_object();

	if (r->weights.n == 1) {
		uint32_t row = sl_snap_weight(s, r->weights.first)->cluster;

		json_object_set_new(p, "cluster", view_text(s, sl_snap_cluster(s, row)->name));
	} else if (r->weights.n > 1) {
		json_object_set_new(p, "weightedClusters", weights_proto(s, r));
	}
	json_object_set_new(p, "timeout", view_duration(r->timeout_ms));
	if (r->retry_attempts > 0)
		json_object_set_new(p, "retryPolicy", retry_proto(r));
	if (r->mirrors.n > 0)
		json_object_set_new(p, "requestMirrorPolicies", mirrors_proto(s, r));
	if (r->rewrite == SL_REWRITE_PREFIX)
		json_object_set_new(p, "prefixRewrite", view_text(s, r->rewrite_to));
	else if (r->rewrite == SL_REWRITE_PATH && r->match == SL_PATH_REGEX)
		json_object_set_new(p, "regexRewrite",
				    json_pack("{s:{s:o}, s:o}", "pattern", "regex",
					      view_text(s, r->path), "substitution",
					      view_text(s, r->rewrite_to)));
	else if (r->rewrite == SL_REWRITE_REGEX)
		json_object_set_new(p, "regexRewrite",
				    json_pack("{s:{s:o}, s:o}", "pattern", "regex",
					      view_text(s, r->rewrite_regex), "substitution",
					      view_text(s, r->rewrite_to)));
	else if (r->rewrite == SL_REWRITE_PATH || r->rewrite == SL_REWRITE_ELEMENTS)
		json_object_set_new(p, "prefixRewrite", view_text(s, r->rewrite_to));
	view_set_text(p, "hostRewriteLiteral", s, r->rewrite_authority);
	return p;
}

static json_t *redirect_proto(const struct sl_snap *s, const struct sl_snap_route *r)
{
	static const struct {
		uint16_t status;
		const char *name;
	} codes[] = {{302, "FOUND"},
		     {303, "SEE_OTHER"},
		     {307, "TEMPORARY_REDIRECT"},
		     {308, "PERMANENT_REDIRECT"}};
	json_t *p = json_object();

	view_set_text(p, "hostRedirect", s, r->redirect_authority);
	view_set_text(p, "schemeRedirect", s, r->redirect_scheme);
	if (r->redirect_port)
		json_object_set_new(p, "portRedirect", json_integer(r->redirect_port));
	view_set_text(p,
		      r->redirect_rewrite == SL_REWRITE_ELEMENTS ? "prefixRewrite" : "pathRedirect",
		      s, r->redirect_path);
	for (size_t i = 0; i < SL_ARRAY_LEN(codes); i++)
		if (codes[i].status == r->status)
			json_object_set_new(p, "responseCode", json_string(codes[i].name));
	return p;
}

static json_t *direct_proto(const struct sl_snap *s, const struct sl_snap_route *r)
{
	json_t *p = json_pack("{s:i}", "status", (int)r->status);

	if (r->direct_body.len > 0)
		json_object_set_new(
			p, "body",
			json_pack("{s:o}", "inlineString", view_text(s, r->direct_body)));
	return p;
}

/* Istio keeps the object a route came from in its metadata. */
/* Where the objects lie in the API of Kubernetes; "name.namespace" alone is a VirtualService's. */
static const struct {
	const char *prefix, *group, *kind;
} owners[] = {{"httproute/", "gateway.networking.k8s.io", "httproute"},
	      {"ingress/", "networking.k8s.io", "ingress"},
	      {"", "networking.istio.io", "virtual-service"}};

static void metadata_proto(json_t *p, struct sl_str vs)
{
	const char *dot = vs.n > 0 ? memrchr(vs.p, '.', vs.n) : NULL;
	size_t o = 0;
	char path[1024];
	json_t *meta;

	if (dot == NULL)
		return;
	while (!sl_str_starts(vs, sl_str(owners[o].prefix)))
		o++;
	vs.p += strlen(owners[o].prefix);
	vs.n -= (uint32_t)strlen(owners[o].prefix);
	snprintf(path, sizeof(path), "/apis/%s/v1/namespaces/%.*s/%s/%.*s", owners[o].group,
		 (int)(vs.p + vs.n - dot - 1), dot + 1, owners[o].kind, (int)(dot - vs.p), vs.p);
	meta = json_pack("{s:{s:{s:o}}}", "filterMetadata", "istio", "config", json_text(path));
	json_object_set_new(p, "metadata", meta);
}

json_t *view_route_proto(const struct sl_snap *s, const struct sl_snap_route *r)
{
	json_t *p = json_object();

	view_set_text(p, "name", s, r->name);
	json_object_set_new(p, "match", match_proto(s, r));
	if (r->action == SL_ROUTE_FORWARD)
		json_object_set_new(p, "route", forward_proto(s, r));
	else if (r->action == SL_ROUTE_REDIRECT)
		json_object_set_new(p, "redirect", redirect_proto(s, r));
	else
		json_object_set_new(p, "directResponse", direct_proto(s, r));
	metadata_proto(p, sl_snap_str(s, r->virtual_service));
	return p;
}

static json_t *vhost_proto(const struct sl_snap *s, const struct sl_snap_vhost *vh)
{
	json_t *domains = json_array(), *routes = json_array();

	for (uint32_t i = 0; i < vh->names.n; i++)
		json_array_append_new(domains, view_text(s, *sl_snap_name(s, vh->names.first + i)));
	for (uint32_t i = 0; i < vh->routes.n; i++)
		json_array_append_new(routes,
				      view_route_proto(s, sl_snap_route(s, vh->routes.first + i)));
	return json_pack("{s:o, s:o, s:o}", "name", view_text(s, vh->name), "domains", domains,
			 "routes", routes);
}

static void table_view(const struct sl_snap *s, const struct sl_snap_table *t, json_t *rows,
		       json_t *protos)
{
	json_t *lines = json_array(), *vhosts = json_array();

	for (uint32_t i = 0; i < t->vhosts.n; i++) {
		const struct sl_snap_vhost *vh = sl_snap_vhost(s, t->vhosts.first + i);

		vhost_rows(s, t, vh, lines);
		json_array_append_new(vhosts, vhost_proto(s, vh));
	}
	json_array_append_new(rows, json_pack("{s:o, s:i, s:o}", "name", view_text(s, t->name),
					      "vhosts", (int)t->vhosts.n, "rows", lines));
	json_array_append_new(protos, json_pack("{s:o, s:o}", "name", view_text(s, t->name),
						"virtualHosts", vhosts));
}

/* What is not HTTP has no routes to show: pc listener names its cluster. */
static bool is_relay(const struct sl_snap *s, uint32_t table)
{
	for (uint32_t i = 0; i < s->tab[SL_SNAP_LISTENERS].n; i++)
		if (sl_snap_listener(s, i)->table == table && sl_snap_listener(s, i)->relay)
			return true;
	return false;
}

void view_routes(const struct sl_snap *s, const json_t *request, json_t *rows, json_t *protos)
{
	uint32_t n = s->tab[SL_SNAP_TABLES].n;
	uint32_t *row = calloc(n ? n : 1, sizeof(*row));

	for (uint32_t i = 0; row != NULL && i < n; i++)
		row[i] = i;
	if (row != NULL)
		qsort_r(row, n, sizeof(*row), compare_tables, (void *)(uintptr_t)s);
	for (uint32_t i = 0; row != NULL && i < n; i++) {
		const struct sl_snap_table *t = sl_snap_table(s, row[i]);

		if (!is_relay(s, row[i]) && view_wants(request, "name", sl_snap_str(s, t->name)))
			table_view(s, t, rows, protos);
	}
	free(row);
}
