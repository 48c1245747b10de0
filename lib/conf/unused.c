/* SPDX-License-Identifier: BSD-3-Clause */
/* What objects say and is not served yet without being refused: said once, with file and line. */
#include <strings.h>

#include "kube.h"
#include "sl_balance.h"
#include "words.h"

struct walk {
	const struct sl_kube *k;
	const struct sl_object *o;
};

/* VirtualServices are by far the most, and have no such field: they aren't walked. */
static bool has_unused(const struct sl_field *f)
{
	for (; f->name; f++)
		if (f->use == SL_USE_NOT || (f->sub && has_unused(f->sub)))
			return true;
	return false;
}

static bool says_something(const struct sl_node *n)
{
	bool list = n->type == SL_NODE_MAP || n->type == SL_NODE_SEQ;

	return list ? n->n > 0 : n->type != SL_NODE_NULL && *n->text;
}

static void walk_fields(const struct walk *w, const struct sl_field *fields,
			const struct sl_node *node);

static void walk_field(const struct walk *w, const struct sl_field *f, const struct sl_node *value)
{
	if (f->use == SL_USE_NOT && says_something(value))
		sl_objects_warn(w->k->set, w->o, value->line,
				"%s %s: %s is not served yet and changes nothing", w->o->kind->name,
				w->o->name, f->name);
	if (!f->sub)
		return;
	if (f->type == SL_F_OBJ)
		walk_fields(w, f->sub, value);
	for (uint32_t i = 0; f->type == SL_F_OBJS && i < sl_node_len(value); i++)
		walk_fields(w, f->sub, value->item[i]);
}

static void walk_fields(const struct walk *w, const struct sl_field *fields,
			const struct sl_node *node)
{
	for (uint32_t i = 0; node->type == SL_NODE_MAP && i < node->n; i++)
		for (const struct sl_field *f = fields; f->name; f++)
			if (strcmp(f->name, node->pair[i].key) == 0)
				walk_field(w, f, node->pair[i].value);
}

/* Annotations that would change how a Service is served, in its own dialect or a cloud's. */
static bool annotation_matters(const char *key)
{
	static const char *const known[] = {
		"service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints",
		"networking.istio.io/traffic-distribution", "networking.istio.io/exportTo"};

	for (size_t i = 0; i < SL_ARRAY_LEN(known); i++)
		if (strcmp(key, known[i]) == 0)
			return true;
	return strcasestr(key, "healthcheck") || strcasestr(key, "health-check") ||
	       strcasestr(key, "health-probe");
}

static void walk_annotations(const struct walk *w)
{
	const struct sl_node *list = sl_node_at(w->o->root, "metadata.annotations");
	char show[SL_SHOW_MAX];

	for (uint32_t i = 0; list && list->type == SL_NODE_MAP && i < list->n; i++)
		if (annotation_matters(list->pair[i].key))
			sl_objects_warn(w->k->set, w->o, list->pair[i].line,
					"%s %s: annotation '%s' is not served yet and changes "
					"nothing",
					w->o->kind->name, w->o->name,
					sl_show(list->pair[i].key, show));
}

/* Tables are of one size here; what it is decides how evenly keys are spread, no more. */
static void check_table(const struct walk *w, const struct sl_node *policy)
{
	const struct sl_node *size =
		sl_node_at(policy, "loadBalancer.consistentHash.maglev.tableSize");
	const struct sl_node *ports = sl_node_get(policy, "portLevelSettings");

	if (size && sl_node_int(size, "", 0) != SL_MAGLEV_SIZE)
		sl_objects_warn(w->k->set, w->o, size->line,
				"%s %s: maglev.tableSize %s is not served yet, tables have %u rows",
				w->o->kind->name, w->o->name, size->text, SL_MAGLEV_SIZE);
	for (uint32_t i = 0; i < sl_node_len(ports); i++)
		check_table(w, ports->item[i]);
}

static void check_tables(const struct walk *w)
{
	const struct sl_node *subsets = sl_node_at(w->o->root, "spec.subsets");

	check_table(w, sl_node_at(w->o->root, "spec.trafficPolicy"));
	for (uint32_t i = 0; i < sl_node_len(subsets); i++)
		check_table(w, sl_node_get(subsets->item[i], "trafficPolicy"));
}

void sl_kube_warn_unused(const struct sl_kube *k, bool clusters)
{
	for (size_t i = 0; i < k->set->n; i++) {
		const struct sl_object *o = k->set->v[i];
		const struct walk w = {k, o};

		if (o->kind->mode != SL_KIND_SERVED ||
		    (clusters && !sl_kind_of_clusters(o->kind->id)))
			continue;
		if (has_unused(o->kind->fields))
			walk_fields(&w, o->kind->fields, o->root);
		if (o->kind->id == SL_KIND_SERVICE)
			walk_annotations(&w);
		if (o->kind->id == SL_KIND_DESTINATION_RULE)
			check_tables(&w);
	}
}

void sl_kube_warn_protocol(const struct sl_kube *k, const struct sl_object *route, int line,
			   const struct sl_object *to, const struct sl_node *port)
{
	static const char *const others[] = {"HTTP2", "GRPC",  "GRPC-Web",          "HTTPS",
					     "TLS",   "MONGO", "kubernetes.io/h2c", "h2c"};
	const char *app = sl_node_text(port, "appProtocol", "");
	const char *protocol = *app || to->kind->id != SL_KIND_SERVICE_ENTRY
				       ? app
				       : sl_node_text(port, "protocol", "");

	for (size_t i = 0; i < SL_ARRAY_LEN(others); i++)
		if (strcasecmp(protocol, others[i]) == 0)
			sl_objects_warn(k->set, route, line,
					"route to a port of %s %s with protocol %s, which is not "
					"served yet: HTTP/1.1 in clear is spoken to it",
					to->kind->name, to->name, protocol);
}
