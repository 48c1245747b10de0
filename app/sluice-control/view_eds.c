/* SPDX-License-Identifier: BSD-3-Clause */
/* pc eds: the endpoints of clusters as Envoy's ClusterLoadAssignment. */
#include "view.h"

json_t *view_cluster_load(const struct sl_snap *s, const struct sl_snap_cluster *cl)
{
	json_t *hosts = json_array();

	for (uint32_t i = 0; i < cl->endpoints.n; i++) {
		const struct sl_snap_endpoint *ep = sl_snap_endpoint(s, cl->endpoints.first + i);

		json_array_append_new(hosts, json_pack("{s:{s:o}, s:s, s:i}", "endpoint", "address",
						       view_socket_address(&ep->ip, ep->port),
						       "healthStatus", view_health(ep->health),
						       "loadBalancingWeight", (int)ep->weight));
	}
	if (cl->endpoints.n == 0) {
		json_decref(hosts);
		return json_pack("{s:o}", "clusterName", view_text(s, cl->name));
	}
	return json_pack("{s:o, s:[{s:{}, s:o}]}", "clusterName", view_text(s, cl->name),
			 "endpoints", "locality", "lbEndpoints", hosts);
}
