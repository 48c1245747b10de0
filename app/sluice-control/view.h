/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Views of the snapshot in use, as istioctl's proxy-config shows Envoy's: rows for the tables and
 * protos for -o json. Each view answers {"rows": [...], "protos": [...]}, filtered and sorted.
 */
#ifndef VIEW_H
#define VIEW_H

#include <jansson.h>

#include "sl_conf.h"
#include "sl_snap.h"
#include "sl_stats_sum.h"

/** Fills both arrays from every object that passes the request's filters. */
typedef void view_fn(const struct sl_snap *s, const json_t *request, json_t *rows, json_t *protos);
view_fn view_listeners, view_routes, view_clusters, view_endpoints, view_eds;
view_fn view_iptables; /* rows are lines of text, protos stay empty */

/**
 * What the data plane counts, for the views that are called until view_stats_close.
 *
 * @param dir The instance's folder.
 * @return NULL when there is none: health is as configured.
 */
struct sl_stats *view_stats_open(const char *dir);
void view_stats_close(struct sl_stats *stats);

/** What is known of an endpoint: as configured, and what the data plane found out. */
struct view_health {
	const char *status; /* HEALTHY, UNHEALTHY, DRAINING: configured, or by its checks */
	bool failed_check, ejected;
};
struct view_health view_health_of(const struct sl_snap_endpoint *ep);
/** Whether it takes requests while enough of its cluster do. */
bool view_usable(const struct sl_snap_endpoint *ep, const struct view_health *h);

/* Listeners and routes of the control process itself: readiness, metrics. */
void view_own_listeners(const struct sl_conf_control *cc, const json_t *request, json_t *rows,
			json_t *protos);
void view_own_routes(const struct sl_conf_control *cc, const json_t *request, json_t *rows,
		     json_t *protos);

/* Envoy's protos of one object; references are the caller's. */
json_t *view_route_proto(const struct sl_snap *s, const struct sl_snap_route *r);
json_t *view_cluster_proto(const struct sl_snap *s, const struct sl_snap_cluster *cl);
/** Bootstrap, as far as there is one: node and admin address. */
json_t *view_bootstrap(const char *instance, const struct sl_conf_control *cc);
/** ClusterLoadAssignment. */
json_t *view_cluster_load(const struct sl_snap *s, const struct sl_snap_cluster *cl);

/** The MATCH cell of istioctl. */
json_t *view_match_cell(const struct sl_snap *s, const struct sl_snap_route *r);

/** Rows of the clusters in the order of `pc cluster`; the caller frees. NULL: out of memory. */
uint32_t *view_clusters_sorted(const struct sl_snap *s);

/** Whether the request's string filter `key` is absent or equals the text. */
bool view_wants(const json_t *request, const char *key, struct sl_str text);

/** Same for a substring, and for a number written as a JSON integer. */
bool view_wants_part(const json_t *request, const char *key, struct sl_str text);
bool view_wants_number(const json_t *request, const char *key, long long value);

/** A string of the snapshot as JSON. */
json_t *view_text(const struct sl_snap *s, struct sl_ref ref);

/** {"socketAddress": {"address": ..., "portValue": ...}} */
json_t *view_socket_address(const struct sl_ip *ip, uint16_t port);

/** protojson's duration: "10s", "0.250s". */
json_t *view_duration(uint32_t ms);

/** Adds key unless the text is empty. */
void view_set_text(json_t *object, const char *key, const struct sl_snap *s, struct sl_ref ref);

/** HEALTHY, UNHEALTHY, DRAINING as Envoy names them. */
const char *view_health(uint8_t health);

#endif
