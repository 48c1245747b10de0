/* SPDX-License-Identifier: BSD-3-Clause */
/* pc eds and bootstrap: endpoints as Envoy's ClusterLoadAssignment, and what never changes. */
#include <stdlib.h>

#include "view.h"

/* What it amounts to: an endpoint that is ejected takes no requests either. */
static const char *status_of(const struct sl_snap_endpoint *ep)
{
	struct view_health h = view_health_of(ep);

	return h.ejected && ep->health == SL_HEALTHY ? view_health(SL_UNHEALTHY) : h.status;
}

json_t *view_cluster_load(const struct sl_snap *s, const struct sl_snap_cluster *cl)
{
	json_t *hosts = json_array();

	for (uint32_t i = 0; i < cl->endpoints.n; i++) {
		const struct sl_snap_endpoint *ep = sl_snap_endpoint(s, cl->endpoints.first + i);

		json_array_append_new(hosts, json_pack("{s:{s:o}, s:s, s:i}", "endpoint", "address",
						       view_socket_address(&ep->ip, ep->port),
						       "healthStatus", status_of(ep),
						       "loadBalancingWeight", (int)ep->weight));
	}
	if (cl->endpoints.n == 0) {
		json_decref(hosts);
		return json_pack("{s:o}", "clusterName", view_text(s, cl->name));
	}
	return json_pack("{s:o, s:[{s:{}, s:o}]}", "clusterName", view_text(s, cl->name),
			 "endpoints", "locality", "lbEndpoints", hosts);
}

static bool eds_wanted(const struct sl_snap *s, const struct sl_snap_endpoint *ep,
		       const json_t *request)
{
	char ip[SL_IP_TEXT_MAX];

	return view_wants(request, "address", sl_str(sl_ip_format(&ep->ip, ip))) &&
	       view_wants_number(request, "port", ep->port) &&
	       view_wants(request, "status", sl_str(status_of(ep)));
}

void view_eds(const struct sl_snap *s, const json_t *request, json_t *rows, json_t *protos)
{
	uint32_t *row = view_clusters_sorted(s);

	for (uint32_t i = 0; row != NULL && i < sl_snap_count(s, SL_SNAP_CLUSTERS); i++) {
		const struct sl_snap_cluster *cl = sl_snap_cluster(s, row[i]);
		bool any = cl->endpoints.n == 0 && json_object_get(request, "address") == NULL;

		if (!view_wants(request, "cluster", sl_snap_str(s, cl->name)))
			continue;
		for (uint32_t k = 0; k < cl->endpoints.n; k++) {
			const struct sl_snap_endpoint *ep =
				sl_snap_endpoint(s, cl->endpoints.first + k);
			char addr[SL_IP_PORT_TEXT_MAX];

			if (!eds_wanted(s, ep, request))
				continue;
			any = true;
			json_array_append_new(rows,
					      json_pack("{s:s, s:s, s:s, s:o}", "endpoint",
							sl_ip_port_format(&ep->ip, ep->port, addr),
							"status", status_of(ep), "locality", "",
							"cluster", view_text(s, cl->name)));
		}
		if (any)
			json_array_append_new(protos, view_cluster_load(s, cl));
	}
	free(row);
}

json_t *view_bootstrap(const char *instance, const struct sl_conf_control *cc)
{
	const struct sl_ip_port *at = &cc->admin[0];
	json_t *admin = at->port != 0 ? json_pack("{s:o}", "address",
						  view_socket_address(&at->ip, at->port))
				      : json_object();

	return json_pack("{s:{s:s, s:s, s:s}, s:o, s:{s:{s:{}}, s:{s:{}}}}", "node", "id", instance,
			 "cluster", "sluice", "userAgentName", "sluice", "admin", admin,
			 "dynamicResources", "ldsConfig", "ads", "cdsConfig", "ads");
}
