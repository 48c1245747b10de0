/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes of endpoints alone, which come by the second where Pods come and go: found by comparing
 * two sets of objects, and translated without what only routes are made of.
 */
#include <errno.h>

#include "kube.h"
#include "names.h"
#include "objects_read.h"

/* ---- comparing ---- */

/* Whether some text in it is an address of ours: that is a listener's, not an endpoint's. */
static bool has_own(const struct sl_node *node, const struct sl_prefix *own, size_t n_own)
{
	struct sl_ip ip;

	for (uint32_t i = 0; node->type == SL_NODE_MAP && i < node->n; i++)
		if (has_own(node->pair[i].value, own, n_own))
			return true;
	for (uint32_t i = 0; node->type == SL_NODE_SEQ && i < node->n; i++)
		if (has_own(node->item[i], own, n_own))
			return true;
	if (node->type != SL_NODE_STR || sl_ip_parse(node->text, &ip, NULL) < 0)
		return false;
	for (size_t i = 0; i < n_own; i++)
		if (sl_ip_eq(&own[i].ip, &ip))
			return true;
	return false;
}

/* Whether endpoints decide more than a cluster: a listener's port, or what it answers. */
static bool decides_more(const struct sl_object *service)
{
	const struct sl_node *spec = sl_node_get(service->root, "spec");
	const struct sl_node *ports = sl_node_get(spec, "ports");

	if (sl_node_int(spec, "healthCheckNodePort", 0))
		return true;
	for (uint32_t i = 0; i < sl_node_len(ports); i++) {
		const struct sl_node *target = sl_node_get(ports->item[i], "targetPort");

		if (target && target->type != SL_NODE_INT)
			return true;
	}
	return false;
}

struct compare {
	const struct sl_objects *now;
	const struct sl_prefix *own;
	size_t n_own;
	enum sl_objects_change found;
};

/* An object that is in one set only, or says something else there. */
static void differs(struct compare *c, const struct sl_object *o)
{
	char key[SL_KUBE_NAME_MAX];
	const struct sl_object *s;

	c->found = SL_MAX(c->found, SL_OBJECTS_ENDPOINTS);
	if (!sl_kind_of_endpoints(o->kind->id) || has_own(o->root, c->own, c->n_own))
		c->found = SL_OBJECTS_MORE;
	if (o->kind->id == SL_KIND_ENDPOINT_SETTING || c->found == SL_OBJECTS_MORE)
		return;
	if (o->kind->id == SL_KIND_WORKLOAD_ENTRY) {
		/* It may be of any Service that selects it. */
		for (size_t i = 0; i < c->now->n; i++)
			if (c->now->v[i]->kind->id == SL_KIND_SERVICE && decides_more(c->now->v[i]))
				c->found = SL_OBJECTS_MORE;
		return;
	}
	snprintf(key, sizeof(key), "Service/%s/%s", o->ns, sl_kube_backed(o));
	s = sl_objects_find(c->now, key);
	if (s && decides_more(s))
		c->found = SL_OBJECTS_MORE;
}

enum sl_objects_change sl_objects_compare(const struct sl_objects *was,
					  const struct sl_objects *now, const struct sl_prefix *own,
					  size_t n_own)
{
	struct compare c = {now, own, n_own, SL_OBJECTS_EQUAL};

	if (was->names != now->names || was->names_version != now->names_version)
		c.found = SL_OBJECTS_ENDPOINTS;
	for (size_t i = 0; i < now->n && c.found != SL_OBJECTS_MORE; i++) {
		size_t at = sl_objects_place(was, now, i);

		if (at == SL_OBJECTS_NONE) {
			differs(&c, now->v[i]);
		} else if (was->v[at] != now->v[i] &&
			   !sl_node_same(was->v[at]->root, now->v[i]->root)) {
			differs(&c, was->v[at]);
			differs(&c, now->v[i]);
		}
	}
	for (size_t i = 0; i < was->n && c.found != SL_OBJECTS_MORE; i++)
		if (sl_objects_place(now, was, i) == SL_OBJECTS_NONE)
			differs(&c, was->v[i]);
	return c.found;
}

/* ---- translating ---- */

int sl_objects_endpoints_on(const struct sl_objects *set, const struct sl_objects *was,
			    const char *node, const struct sl_prefix *own, size_t n_own,
			    const char *const *clusters, size_t n, struct sl_model *model,
			    struct sl_err *err)
{
	struct sl_kube k = {.set = set,
			    .node = node,
			    .own = own,
			    .n_own = n_own,
			    .model = model,
			    .err = err,
			    .endpoints_only = true};
	int e;

	sl_objects_warn_keep(set, was);
	sl_wanted_clear(set->wanted);
	e = sl_kube_init(&k);
	sl_kube_warn_unused(&k, true);
	for (size_t i = 0; e == 0 && i < n; i++)
		e = sl_kube_cluster_named(&k, clusters[i]);
	if (e == 0)
		e = sl_services_model(&k);
	if (e == 0)
		e = sl_settings_model(&k);
	sl_kube_fini(&k);
	return e == -ESTALE ? sl_err(err, ESTALE, "a cluster is of nothing that is there") : e;
}
