/* SPDX-License-Identifier: BSD-3-Clause */
/* pc listener, cluster and endpoint: rows and Envoy-shaped protos of the snapshot in use. */
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "view.h"

/* Rows of a table in an order of our own; NULL when out of memory. */
static uint32_t *sorted(const struct sl_snap *s, enum sl_snap_tab tab,
			int (*cmp)(const void *, const void *, void *))
{
	uint32_t n = s->tab[tab].n;
	uint32_t *row = calloc(n ? n : 1, sizeof(*row));

	for (uint32_t i = 0; row != NULL && i < n; i++)
		row[i] = i;
	if (row != NULL)
		qsort_r(row, n, sizeof(*row), cmp, (void *)(uintptr_t)s);
	return row;
}

static int compare_text(struct sl_str a, struct sl_str b)
{
	uint32_t n = SL_MIN(a.n, b.n);
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static int compare_ip(const struct sl_ip *a, const struct sl_ip *b)
{
	char ta[SL_IP_TEXT_MAX], tb[SL_IP_TEXT_MAX];

	return strcmp(sl_ip_format(a, ta), sl_ip_format(b, tb));
}

static int compare_listeners(const void *a, const void *b, void *snap)
{
	const struct sl_snap_listener *x = sl_snap_listener(snap, *(const uint32_t *)a);
	const struct sl_snap_listener *y = sl_snap_listener(snap, *(const uint32_t *)b);

	return x->port != y->port ? (int)x->port - (int)y->port : compare_ip(&x->ip, &y->ip);
}

/* Where a listener that is not HTTP leads: its table's one route. */
static json_t *relay_clusters(const struct sl_snap *s, const struct sl_snap_listener *l)
{
	const struct sl_snap_route *r = sl_snap_relay_route(s, l);
	json_t *clusters = json_array();

	for (uint32_t i = 0; r && i < r->weights.n; i++) {
		const struct sl_snap_weight *w = sl_snap_weight(s, r->weights.first + i);

		json_array_append_new(clusters,
				      json_pack("{s:o, s:i}", "name",
						view_text(s, sl_snap_cluster(s, w->cluster)->name),
						"weight", (int)w->weight));
	}
	return clusters;
}

static json_t *relay_proto(const struct sl_snap *s, const struct sl_snap_listener *l)
{
	return json_pack(
		"{s:o, s:o, s:[{s:[{s:s, s:{s:s, s:o, s:{s:o}}}]}], s:s}", "name",
		view_text(s, l->name), "address", view_socket_address(&l->ip, l->port),
		"filterChains", "filters", "name", "envoy.filters.network.tcp_proxy", "typedConfig",
		"@type",
		"type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
		"statPrefix", view_text(s, l->name), "weightedClusters", "clusters",
		relay_clusters(s, l), "trafficDirection", "OUTBOUND");
}

static json_t *listener_proto(const struct sl_snap *s, const struct sl_snap_listener *l)
{
	json_t *table;

	if (l->relay)
		return relay_proto(s, l);
	table = view_text(s, sl_snap_table(s, l->table)->name);
	return json_pack(
		"{s:o, s:o, s:[{s:[{s:s, s:{s:s, s:{s:o}}}]}], s:s}", "name", view_text(s, l->name),
		"address", view_socket_address(&l->ip, l->port), "filterChains", "filters", "name",
		"envoy.filters.network.http_connection_manager", "typedConfig", "@type",
		"type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3."
		"HttpConnectionManager",
		"rds", "routeConfigName", table, "trafficDirection", "OUTBOUND");
}

/* "Route: http.8080", or for what is not HTTP "Cluster: NAME". */
static json_t *destination(const struct sl_snap *s, const struct sl_snap_listener *l)
{
	const struct sl_snap_route *r = l->relay ? sl_snap_relay_route(s, l) : NULL;

	if (!r || r->weights.n == 0)
		return view_text(s, sl_snap_table(s, l->table)->name);
	return view_text(s, sl_snap_cluster(s, sl_snap_weight(s, r->weights.first)->cluster)->name);
}

void view_listeners(const struct sl_snap *s, const json_t *request, json_t *rows, json_t *protos)
{
	uint32_t *row = sorted(s, SL_SNAP_LISTENERS, compare_listeners);

	for (uint32_t i = 0; row != NULL && i < s->tab[SL_SNAP_LISTENERS].n; i++) {
		const struct sl_snap_listener *l = sl_snap_listener(s, row[i]);
		const char *type = l->relay ? "TCP" : "HTTP";
		char ip[SL_IP_TEXT_MAX];

		if (!view_wants(request, "address", sl_str(sl_ip_format(&l->ip, ip))) ||
		    !view_wants_number(request, "port", l->port) ||
		    !view_wants(request, "type", sl_str(type)))
			continue;
		json_array_append_new(rows,
				      json_pack("{s:s, s:i, s:s, s:s, s:o}", "address", ip, "port",
						(int)l->port, "type", type, "match", "ALL",
						l->relay ? "cluster" : "route", destination(s, l)));
		json_array_append_new(protos, listener_proto(s, l));
	}
	free(row);
}

static int compare_clusters(const void *a, const void *b, void *snap)
{
	const struct sl_snap_cluster *x = sl_snap_cluster(snap, *(const uint32_t *)a);
	const struct sl_snap_cluster *y = sl_snap_cluster(snap, *(const uint32_t *)b);
	int c = compare_text(sl_snap_str(snap, x->fqdn), sl_snap_str(snap, y->fqdn));

	if (c == 0)
		c = compare_text(sl_snap_str(snap, x->subset), sl_snap_str(snap, y->subset));
	if (c == 0)
		c = (int)x->port - (int)y->port;
	return c != 0 ? c : compare_text(sl_snap_str(snap, x->name), sl_snap_str(snap, y->name));
}

uint32_t *view_clusters_sorted(const struct sl_snap *s)
{
	return sorted(s, SL_SNAP_CLUSTERS, compare_clusters);
}

static const char *lb_policy(uint8_t lb)
{
	static const char *const names[] = {[SL_LB_LEAST_REQUEST] = "LEAST_REQUEST",
					    [SL_LB_ROUND_ROBIN] = "ROUND_ROBIN",
					    [SL_LB_RANDOM] = "RANDOM",
					    [SL_LB_RING_HASH] = "RING_HASH",
					    [SL_LB_MAGLEV] = "MAGLEV"};

	return lb < SL_ARRAY_LEN(names) ? names[lb] : "UNKNOWN";
}

/* First part of "outbound|80||fqdn"; a name of another form has none. */
static struct sl_str direction_of(struct sl_str name)
{
	const char *bar = name.n > 0 ? memchr(name.p, '|', name.n) : NULL;
	uint32_t bars = 0;

	for (uint32_t i = 0; i < name.n; i++)
		bars += name.p[i] == '|';
	return bars == 3 ? (struct sl_str){name.p, (uint32_t)(bar - name.p)} : SL_STR("");
}

/* As many as there may be; 2^32 - 1 says "no limit", as Envoy writes it for Istio. */
static json_t *limits_proto(const struct sl_snap_cluster *cl)
{
	return json_pack("{s:[{s:I, s:I, s:I, s:I}]}", "thresholds", "maxConnections",
			 (json_int_t)cl->max_connections, "maxPendingRequests",
			 (json_int_t)cl->max_pending, "maxRequests", (json_int_t)cl->max_requests,
			 "maxRetries", (json_int_t)cl->max_retries);
}

static json_t *outlier_proto(const struct sl_outlier *o)
{
	json_t *p =
		json_pack("{s:I, s:o, s:o, s:I}", "consecutive5xx", (json_int_t)o->consecutive_5xx,
			  "interval", view_duration(o->interval_ms), "baseEjectionTime",
			  view_duration(o->base_ejection_ms), "maxEjectionPercent",
			  (json_int_t)o->max_ejection_percent);

	if (o->consecutive_gateway)
		json_object_set_new(p, "consecutiveGatewayFailure",
				    json_integer((json_int_t)o->consecutive_gateway));
	if (o->consecutive_local) {
		json_object_set_new(p, "splitExternalLocalOriginErrors", json_true());
		json_object_set_new(p, "consecutiveLocalOriginFailure",
				    json_integer((json_int_t)o->consecutive_local));
	}
	return p;
}

json_t *view_cluster_proto(const struct sl_snap *s, const struct sl_snap_cluster *cl)
{
	json_t *p = json_pack("{s:o, s:o, s:o, s:s}", "name", view_text(s, cl->name), "type",
			      view_text(s, cl->type), "connectTimeout",
			      view_duration(cl->connect_timeout_ms), "lbPolicy", lb_policy(cl->lb));

	json_object_set_new(p, "circuitBreakers", limits_proto(cl));
	if (cl->outlier.on)
		json_object_set_new(p, "outlierDetection", outlier_proto(&cl->outlier));
	if (p != NULL && sl_str_eq(sl_snap_str(s, cl->type), SL_STR("EDS")))
		json_object_set_new(p, "edsClusterConfig",
				    json_pack("{s:o}", "serviceName", view_text(s, cl->name)));
	return p;
}

static bool cluster_wanted(const struct sl_snap *s, const struct sl_snap_cluster *cl,
			   const json_t *request)
{
	return view_wants_part(request, "fqdn", sl_snap_str(s, cl->fqdn)) &&
	       view_wants_part(request, "subset", sl_snap_str(s, cl->subset)) &&
	       view_wants(request, "direction", direction_of(sl_snap_str(s, cl->name))) &&
	       view_wants_number(request, "port", cl->port);
}

void view_clusters(const struct sl_snap *s, const json_t *request, json_t *rows, json_t *protos)
{
	uint32_t *row = sorted(s, SL_SNAP_CLUSTERS, compare_clusters);

	for (uint32_t i = 0; row != NULL && i < s->tab[SL_SNAP_CLUSTERS].n; i++) {
		const struct sl_snap_cluster *cl = sl_snap_cluster(s, row[i]);

		if (!cluster_wanted(s, cl, request))
			continue;
		json_array_append_new(
			rows,
			json_pack("{s:o, s:o, s:i, s:o, s:o, s:o, s:o}", "name",
				  view_text(s, cl->name), "fqdn", view_text(s, cl->fqdn), "port",
				  (int)cl->port, "subset", view_text(s, cl->subset), "direction",
				  json_text_of(direction_of(sl_snap_str(s, cl->name))), "type",
				  view_text(s, cl->type), "dest_rule",
				  view_text(s, cl->dest_rule)));
		json_array_append_new(protos, view_cluster_proto(s, cl));
	}
	free(row);
}

static int compare_endpoints(const void *a, const void *b, void *snap)
{
	const struct sl_snap_endpoint *x = sl_snap_endpoint(snap, *(const uint32_t *)a);
	const struct sl_snap_endpoint *y = sl_snap_endpoint(snap, *(const uint32_t *)b);
	int c = compare_ip(&x->ip, &y->ip);

	if (c == 0)
		c = (int)x->port - (int)y->port;
	return c != 0 ? c
		      : compare_text(sl_snap_str(snap, sl_snap_cluster(snap, x->cluster)->name),
				     sl_snap_str(snap, sl_snap_cluster(snap, y->cluster)->name));
}

/* Envoy's HostHealthStatus. */
static json_t *health_proto(const struct sl_snap_endpoint *ep, const struct view_health *h)
{
	json_t *p = json_pack("{s:s}", "edsHealthStatus", view_health(ep->health));

	if (h->failed_check)
		json_object_set_new(p, "failedActiveHealthCheck", json_true());
	if (h->ejected)
		json_object_set_new(p, "failedOutlierCheck", json_true());
	return p;
}

static bool endpoint_wanted(const struct sl_snap *s, const struct sl_snap_endpoint *ep,
			    const struct view_health *h, const json_t *request)
{
	char ip[SL_IP_TEXT_MAX];

	return view_wants(request, "address", sl_str(sl_ip_format(&ep->ip, ip))) &&
	       view_wants_number(request, "port", ep->port) &&
	       view_wants(request, "cluster",
			  sl_snap_str(s, sl_snap_cluster(s, ep->cluster)->name)) &&
	       view_wants(request, "status", sl_str(h->status));
}

/* Envoy's ClusterStatus: a cluster with its hosts. */
static void endpoint_protos(const struct sl_snap *s, const json_t *request, json_t *protos)
{
	for (uint32_t i = 0; i < s->tab[SL_SNAP_CLUSTERS].n; i++) {
		const struct sl_snap_cluster *cl = sl_snap_cluster(s, i);
		json_t *hosts = json_array();

		for (uint32_t k = 0; k < cl->endpoints.n; k++) {
			const struct sl_snap_endpoint *ep =
				sl_snap_endpoint(s, cl->endpoints.first + k);
			struct view_health h = view_health_of(ep);

			if (endpoint_wanted(s, ep, &h, request))
				json_array_append_new(
					hosts,
					json_pack("{s:o, s:o, s:i, s:i}", "address",
						  view_socket_address(&ep->ip, ep->port),
						  "healthStatus", health_proto(ep, &h), "weight",
						  (int)ep->weight, "priority", (int)ep->priority));
		}
		if (json_array_size(hosts) > 0)
			json_array_append_new(protos, json_pack("{s:o, s:O}", "name",
								view_text(s, cl->name),
								"hostStatuses", hosts));
		json_decref(hosts);
	}
}

void view_endpoints(const struct sl_snap *s, const json_t *request, json_t *rows, json_t *protos)
{
	uint32_t *row = sorted(s, SL_SNAP_ENDPOINTS, compare_endpoints);

	for (uint32_t i = 0; row != NULL && i < s->tab[SL_SNAP_ENDPOINTS].n; i++) {
		const struct sl_snap_endpoint *ep = sl_snap_endpoint(s, row[i]);
		struct view_health h = view_health_of(ep);
		char addr[SL_IP_PORT_TEXT_MAX];

		if (!endpoint_wanted(s, ep, &h, request))
			continue;
		json_array_append_new(
			rows, json_pack("{s:s, s:s, s:s, s:o, s:i}", "endpoint",
					sl_ip_port_format(&ep->ip, ep->port, addr), "status",
					h.status, "outlier", h.ejected ? "FAILED" : "OK", "cluster",
					view_text(s, sl_snap_cluster(s, ep->cluster)->name),
					"weight", (int)ep->weight));
	}
	free(row);
	endpoint_protos(s, request, protos);
}
