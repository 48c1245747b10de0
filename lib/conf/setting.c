/* SPDX-License-Identifier: BSD-3-Clause */
/* EndpointSettings: what was set by hand for one endpoint, put over whatever else is configured. */
#include "kube.h"

static bool means(const struct sl_model_cluster *c, const struct sl_model_endpoint *e,
		  const struct sl_ip_port *addr, const char *cluster)
{
	return e->addr.port == addr->port && sl_ip_eq(&e->addr.ip, &addr->ip) &&
	       (!*cluster || strcmp(cluster, c->name) == 0);
}

static int apply(struct sl_kube *k, const struct sl_object *o)
{
	const struct sl_node *address = sl_node_at(o->root, "spec.address");
	const char *cluster = sl_node_text(o->root, "spec.cluster", "");
	bool drain = sl_lower(*sl_node_text(o->root, "spec.drain", "false")) == 't';
	int64_t weight = sl_node_int(o->root, "spec.weight", 0);
	struct sl_ip_port addr;
	struct sl_err why;

	if (sl_ip_port_parse(address->text, &addr, &why) < 0)
		return sl_object_bad(o, address->line, k->err, "spec.address: %s", why.text);
	for (size_t i = 0; i < k->model->n_clusters; i++) {
		struct sl_model_cluster *c = &k->model->clusters[i];

		for (size_t j = 0; j < c->n_endpoints; j++) {
			struct sl_model_endpoint *e = &c->endpoints[j];

			if (!means(c, e, &addr, cluster))
				continue;
			if (drain && e->health == SL_HEALTHY)
				e->health = SL_DRAINING;
			if (weight)
				e->weight = (uint32_t)weight;
		}
	}
	return 0;
}

int sl_settings_model(struct sl_kube *k)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < k->set->n; i++)
		if (k->set->v[i]->kind->id == SL_KIND_ENDPOINT_SETTING)
			e = apply(k, k->set->v[i]);
	return e;
}
