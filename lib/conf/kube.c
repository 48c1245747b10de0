/* SPDX-License-Identifier: BSD-3-Clause */
/* Services with their endpoints and clusters, as kube-proxy and Istio's pilot relate them. */
#include "kube.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "names.h"
#include "objects_read.h"

#define SERVICE_LABEL "kubernetes.io/service-name"

int sl_kube_no_memory(const struct sl_kube *k)
{
	return sl_err(k->err, ENOMEM, "out of memory while objects were translated");
}

static int backing_cmp(const void *a, const void *b)
{
	const struct sl_kube_backing *x = a, *y = b;
	int c = strcmp(x->o->ns, y->o->ns);

	if (c == 0)
		c = strcmp(x->service, y->service);
	return c ? c : strcmp(x->o->key, y->o->key);
}

const char *sl_kube_backed(const struct sl_object *o)
{
	const struct sl_node *labels;

	if (o->kind->id != SL_KIND_ENDPOINT_SLICE)
		return o->name;
	/* The label's name holds dots, so it can't be part of a path. */
	labels = sl_node_at(o->root, "metadata.labels");
	labels = sl_node_get(labels, SERVICE_LABEL);
	return labels ? labels->text : "";
}

static void add_backing(struct sl_kube *k, const struct sl_object *o)
{
	const char *service = sl_kube_backed(o);

	if (*service)
		k->backing[k->n_backing++] = (struct sl_kube_backing){o, service};
	else
		sl_objects_warn(k->set, o, o->line,
				"EndpointSlice %s has no label " SERVICE_LABEL
				" and belongs to no Service",
				o->name);
}

static int add_service(struct sl_kube *k, const struct sl_object *o)
{
	struct sl_kube_service *s = &k->service[k->n_service];

	s->o = o;
	s->spec = sl_node_get(o->root, "spec");
	s->ports = sl_node_get(s->spec, "ports");
	/* "Service/ns/name" */
	return sl_index_put(&k->by_name, strchr(o->key, '/') + 1, (uint32_t)k->n_service++);
}

static int add_pod(struct sl_kube *k, const struct sl_object *o, uint32_t at)
{
	const char *ip = sl_node_text(o->root, "status.podIP", "");

	return *ip ? sl_index_put(&k->pod_by_ip, ip, at) : 0;
}

static int add_object(struct sl_kube *k, const struct sl_object *o, uint32_t at)
{
	switch (o->kind->id) {
	case SL_KIND_SERVICE:
		return add_service(k, o);
	case SL_KIND_ENDPOINTS:
	case SL_KIND_ENDPOINT_SLICE:
		add_backing(k, o);
		return 0;
	case SL_KIND_DESTINATION_RULE:
		k->rule[k->n_rule++] = o;
		return 0;
	case SL_KIND_SERVICE_ENTRY:
		return sl_kube_entry_add(k, o);
	case SL_KIND_WORKLOAD_ENTRY:
		k->workload[k->n_workload++] = o;
		return 0;
	case SL_KIND_REFERENCE_GRANT:
		k->grant[k->n_grant++] = o;
		return 0;
	case SL_KIND_POD:
		return add_pod(k, o, at);
	default:
		return 0;
	}
}

int sl_kube_init(struct sl_kube *k)
{
	size_t n = k->set->n + 1;
	int e = 0;

	k->service = calloc(n, sizeof(*k->service));
	k->backing = calloc(n, sizeof(*k->backing));
	k->rule = calloc(n, sizeof(*k->rule));
	k->entry = calloc(n, sizeof(*k->entry));
	k->workload = calloc(n, sizeof(*k->workload));
	k->grant = calloc(n, sizeof(*k->grant));
	if (!k->service || !k->backing || !k->rule || !k->entry || !k->workload || !k->grant)
		return sl_kube_no_memory(k);
	for (size_t i = 0; e == 0 && i < k->set->n; i++)
		e = add_object(k, k->set->v[i], (uint32_t)i);
	if (e)
		return e == -ENOMEM ? sl_kube_no_memory(k) : e;
	if (k->n_backing)
		qsort(k->backing, k->n_backing, sizeof(*k->backing), backing_cmp);
	sl_kube_rules_sort(k);
	return 0;
}

void sl_kube_fini(struct sl_kube *k)
{
	free(k->service);
	free(k->backing);
	free(k->rule);
	free(k->entry);
	free(k->workload);
	free(k->grant);
	sl_index_free(&k->by_name);
	sl_index_free(&k->entry_by_host);
	sl_index_free(&k->pod_by_ip);
	sl_index_free(&k->made);
	sl_index_free(&k->dest_by_text);
	free(k->dest);
	sl_arena_free(&k->arena);
}

struct sl_kube_service *sl_kube_service_find(const struct sl_kube *k, const char *ns,
					     const char *name)
{
	char key[SL_KUBE_NAME_MAX];
	int64_t i;

	snprintf(key, sizeof(key), "%s/%s", ns, name);
	i = sl_index_get(&k->by_name, key);
	return i < 0 ? NULL : &k->service[i];
}

int sl_kube_age_cmp(const struct sl_object *x, const struct sl_object *y)
{
	int c = strcmp(sl_node_text(x->root, "metadata.creationTimestamp", ""),
		       sl_node_text(y->root, "metadata.creationTimestamp", ""));

	if (c == 0)
		c = strcmp(x->name, y->name);
	return c ? c : strcmp(x->ns, y->ns);
}

uint8_t sl_kube_proto(const struct sl_node *port)
{
	return strcmp(sl_node_text(port, "protocol", "TCP"), "UDP") == 0 ? IPPROTO_UDP
									 : IPPROTO_TCP;
}

/* First of the objects behind a Service; they lie side by side. */
size_t sl_kube_backing_first(const struct sl_kube *k, const struct sl_object *service)
{
	size_t lo = 0, hi = k->n_backing;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct sl_kube_backing *b = &k->backing[mid];
		int c = strcmp(b->o->ns, service->ns);

		if (c == 0)
			c = strcmp(b->service, service->name);
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool sl_kube_backs(const struct sl_kube *k, size_t i, const struct sl_object *service)
{
	return i < k->n_backing && strcmp(k->backing[i].o->ns, service->ns) == 0 &&
	       strcmp(k->backing[i].service, service->name) == 0;
}

bool sl_kube_own(const struct sl_kube *k, const struct sl_ip *ip)
{
	for (size_t i = 0; i < k->n_own; i++)
		if (sl_ip_eq(&k->own[i].ip, ip))
			return true;
	return false;
}

uint16_t sl_kube_target(const struct sl_kube *k, const struct sl_kube_service *s,
			const struct sl_node *port)
{
	const struct sl_node *target = sl_node_get(port, "targetPort");
	int64_t number = sl_node_int(port, "port", 0);

	/* 0 and absent mean the same: as the Service's own port. */
	if (!target || (target->type == SL_NODE_INT && sl_node_int(target, "", 0) == 0))
		return (uint16_t)number;
	if (target->type == SL_NODE_INT)
		return (uint16_t)sl_node_int(target, "", 0);
	for (size_t i = sl_kube_backing_first(k, s->o); sl_kube_backs(k, i, s->o); i++) {
		const struct sl_node *root = k->backing[i].o->root;
		const struct sl_node *subsets = sl_node_get(root, "subsets");
		const struct sl_node *p = sl_kube_port_of(sl_node_get(root, "ports"), port);

		for (uint32_t j = 0; !p && j < sl_node_len(subsets); j++)
			p = sl_kube_port_of(sl_node_get(subsets->item[j], "ports"), port);
		if (p)
			return (uint16_t)sl_node_int(p, "port", 0);
	}
	return 0;
}

/* ---- clusters ---- */

/* TCP and UDP may share a port number (DNS); Istio knows no clusters of UDP. */
bool sl_kube_cluster_made(struct sl_kube *k, const struct sl_kube_cluster_head *h,
			  char name[SL_KUBE_NAME_MAX])
{
	snprintf(name, SL_KUBE_NAME_MAX, "outbound%s%s|%lld|%s|%s", h->udp ? "-udp" : "",
		 h->local ? "-local" : "", (long long)h->port, h->subset, h->fqdn);
	return sl_index_get(&k->made, name) >= 0;
}

int sl_kube_cluster_make(struct sl_kube *k, const struct sl_kube_cluster_head *h,
			 const struct sl_kube_addrs *addrs, const char *name)
{
	const struct sl_object *owner;
	const struct sl_node *subset = NULL;
	struct sl_kube_rules rules;
	struct sl_model_cluster *c = sl_model_cluster_add(k->model, name);
	char *key = sl_arena_text(&k->arena, name, strlen(name));
	int e;

	if (!c || !key || sl_index_put(&k->made, key, 1) < 0 ||
	    sl_model_set(&c->fqdn, h->fqdn) < 0 || sl_model_set(&c->subset, h->subset) < 0 ||
	    sl_model_set(&c->type, h->type) < 0 ||
	    sl_model_origin(&c->origin, h->o->file, h->line) < 0)
		return sl_kube_no_memory(k);
	c->port = (uint16_t)h->port;
	c->lb = SL_LB_LEAST_REQUEST;
	sl_kube_rules(k, h->o->ns, h->fqdn, &rules);
	if (*h->subset)
		subset = sl_kube_subset(&rules, h->subset, &owner);
	e = sl_kube_fill(k, addrs, sl_node_get(subset, "labels"), c);
	if (e == 0 && subset && c->n_endpoints == 0 && addrs->n)
		sl_objects_warn(k->set, owner, subset->line,
				"subset %s of host %s: none of its endpoints is known to have its "
				"labels; write them with the Pods, their Deployment or the "
				"EndpointSlice",
				h->subset, h->fqdn);
	return e ? e : sl_kube_apply_rules(k, &rules, subset, c);
}

/* Of type ExternalName, its one name: on the Service's own port, as Istio reads it. */
static int external(const struct sl_kube *k, const struct sl_kube_service *s,
		    const struct sl_node *port, struct sl_kube_addrs *out)
{
	const struct sl_node *name = sl_node_get(s->spec, "externalName");
	struct sl_kube_member like = {.weight = 1, .locality = ""};
	int e;

	*out = (struct sl_kube_addrs){.names = SL_KUBE_ALL};
	like.addr.port = (uint16_t)sl_node_int(port, "port", 0);
	if (!name)
		return sl_object_bad(s->o, sl_node_get(s->spec, "type")->line, k->err,
				     "Service %s of type ExternalName has no externalName; write "
				     "externalName: NAME",
				     s->o->name);
	e = sl_kube_add_name(k, s->o, name->line, name->text, &like, out);
	sl_kube_addrs_sort(out);
	if (e) {
		free(out->v);
		return e == -ENOMEM ? sl_kube_no_memory(k) : e;
	}
	return 0;
}

int sl_kube_cluster(struct sl_kube *k, struct sl_kube_service *s, uint32_t port, bool local,
		    const char *subset, char name[SL_KUBE_NAME_MAX])
{
	const struct sl_node *p = s->ports->item[port];
	bool by_name = strcmp(sl_node_text(s->spec, "type", ""), "ExternalName") == 0;
	char fqdn[SL_KUBE_NAME_MAX];
	struct sl_kube_cluster_head head = {
		.o = s->o,
		.line = p->line,
		.fqdn = fqdn,
		.subset = subset,
		.type = by_name ? "STRICT_DNS" : "EDS",
		.port = sl_node_int(p, "port", 0),
		.udp = sl_kube_proto(p) == IPPROTO_UDP,
		.local = local,
	};
	struct sl_kube_addrs addrs;
	int e;

	snprintf(fqdn, sizeof(fqdn), "%s.%s." SL_KUBE_DOMAIN, s->o->name, s->o->ns);
	if (sl_kube_cluster_made(k, &head, name))
		return 0;
	e = by_name ? external(k, s, p, &addrs) : sl_kube_addrs(k, s, p, local, &addrs);
	if (e)
		return e;
	if (addrs.seen && addrs.n == 0 && !local)
		sl_objects_warn(k->set, s->o, p->line,
				"Service %s: its endpoints have no ready address for port '%s'; "
				"their port must have the same name",
				s->o->name, sl_node_text(p, "name", ""));
	e = sl_kube_cluster_make(k, &head, &addrs, name);
	free(addrs.v);
	return e;
}

int sl_objects_model(const struct sl_objects *set, const struct sl_prefix *own, size_t n_own,
		     struct sl_model *model, struct sl_err *err)
{
	return sl_objects_model_on(set, "", own, n_own, model, err);
}

int sl_objects_model_on(const struct sl_objects *set, const char *node, const struct sl_prefix *own,
			size_t n_own, struct sl_model *model, struct sl_err *err)
{
	struct sl_kube k = {
		.set = set, .node = node, .own = own, .n_own = n_own, .model = model, .err = err};
	int e;

	sl_objects_warn_clear(set);
	sl_wanted_clear(set->wanted);
	e = sl_kube_init(&k);
	sl_kube_warn_unused(&k, false);
	if (e == 0)
		e = sl_listeners_model(&k);
	if (e == 0)
		e = sl_services_model(&k);
	if (e == 0)
		e = sl_settings_model(&k);
	sl_kube_fini(&k);
	return e;
}
