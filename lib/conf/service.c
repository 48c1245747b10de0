/* SPDX-License-Identifier: BSD-3-Clause */
/* Kubernetes Services to L4 services of the model, as kube-proxy's rules would translate them. */
#include <netinet/in.h>
#include <stdlib.h>

#include "kube.h"

/* Where one port of a Service leads. */
struct target {
	const char *listener; /* of ours, or "" */
	char cluster[SL_KUBE_NAME_MAX];
};

static const char *listener_at(const struct sl_kube *k, const struct sl_ip_port *addr)
{
	for (size_t i = 0; i < k->model->n_listeners; i++) {
		const struct sl_model_listener *l = &k->model->listeners[i];

		if (l->port == addr->port && (sl_ip_is_any(&l->ip) || sl_ip_eq(&l->ip, &addr->ip)))
			return l->name;
	}
	return "";
}

/*
 * An endpoint that is an address of ours is served by the listener of that port. Own addresses
 * without a listener take nothing: when there are no others, the port is refused.
 */
static int find_target(struct sl_kube *k, struct sl_kube_service *s, uint32_t port,
		       struct target *t)
{
	const struct sl_node *p = s->ports->item[port];
	struct sl_kube_addrs addrs;
	size_t n_own = 0;
	int e = sl_kube_addrs(k, s, p, &addrs);

	if (e)
		return e;
	t->listener = "";
	t->cluster[0] = '\0';
	for (size_t i = 0; i < addrs.n; i++) {
		if (!sl_kube_own(k, &addrs.v[i].ip))
			continue;
		n_own++;
		if (!*t->listener && sl_kube_proto(p) == IPPROTO_TCP)
			t->listener = listener_at(k, &addrs.v[i]);
	}
	if (!*t->listener && (n_own == 0 || n_own < addrs.n))
		e = sl_kube_cluster(k, s, port, t->cluster);
	free(addrs.v);
	return e;
}

static int add(struct sl_kube *k, const struct sl_kube_service *s, const struct sl_node *p,
	       const struct target *t, enum sl_service_kind kind, const struct sl_ip *ip,
	       int64_t number)
{
	const char *port_name = sl_node_text(p, "name", "");
	struct sl_model_service *svc;
	char name[SL_KUBE_NAME_MAX];

	snprintf(name, sizeof(name), "%.255s/%.255s%s%.63s", s->o->ns, s->o->name,
		 *port_name ? ":" : "", port_name);
	svc = sl_model_service_add(k->model, name);
	if (!svc || sl_model_set(&svc->listener, t->listener) < 0 ||
	    sl_model_set(&svc->cluster, t->cluster) < 0 ||
	    sl_model_origin(&svc->origin, s->o->file, p->line) < 0)
		return sl_kube_no_memory(k);
	svc->kind = kind;
	svc->ip = *ip;
	svc->port = (uint16_t)number;
	svc->proto = sl_kube_proto(p);
	return 0;
}

/* The addresses of one Service, each once. */
#define VIPS_MAX 64
struct vips {
	struct {
		struct sl_ip ip;
		enum sl_service_kind kind;
	} v[VIPS_MAX];
	size_t n;
	bool v4, v6; /* families of its cluster addresses */
};

static int vip_add(struct sl_kube *k, const struct sl_object *o, struct vips *vips,
		   const struct sl_node *n, enum sl_service_kind kind)
{
	struct sl_ip ip;

	if (!n || n->type != SL_NODE_STR || sl_ip_parse(n->text, &ip, NULL) < 0)
		return 0;
	for (size_t i = 0; i < vips->n; i++)
		if (sl_ip_eq(&vips->v[i].ip, &ip))
			return 0;
	if (sl_ip_is_any(&ip))
		return sl_object_bad(o, n->line, k->err,
				     "Service %s at %s, the address of nobody; write another",
				     o->name, n->text);
	if (vips->n == VIPS_MAX)
		return sl_object_bad(o, n->line, k->err,
				     "Service %s has more than %d addresses; write fewer", o->name,
				     VIPS_MAX);
	vips->v[vips->n].ip = ip;
	vips->v[vips->n++].kind = kind;
	if (kind == SL_SVC_CLUSTER_IP) {
		vips->v4 |= sl_ip_is_v4(&ip);
		vips->v6 |= !sl_ip_is_v4(&ip);
	}
	return 0;
}

static int vips_of(struct sl_kube *k, const struct sl_kube_service *s, struct vips *vips)
{
	const struct sl_node *more = sl_node_get(s->spec, "clusterIPs");
	const struct sl_node *external = sl_node_get(s->spec, "externalIPs");
	const struct sl_node *ingress = sl_node_at(s->o->root, "status.loadBalancer.ingress");
	int e = vip_add(k, s->o, vips, sl_node_get(s->spec, "clusterIP"), SL_SVC_CLUSTER_IP);

	for (uint32_t i = 0; e == 0 && i < sl_node_len(more); i++)
		e = vip_add(k, s->o, vips, more->item[i], SL_SVC_CLUSTER_IP);
	for (uint32_t i = 0; e == 0 && i < sl_node_len(external); i++)
		e = vip_add(k, s->o, vips, external->item[i], SL_SVC_LOAD_BALANCER);
	for (uint32_t i = 0; e == 0 && i < sl_node_len(ingress); i++)
		e = vip_add(k, s->o, vips, sl_node_get(ingress->item[i], "ip"),
			    SL_SVC_LOAD_BALANCER);
	return e;
}

static int add_port(struct sl_kube *k, struct sl_kube_service *s, uint32_t port,
		    const struct vips *vips)
{
	static const struct sl_ip any6;
	const struct sl_ip any4 = sl_ip_from_v4(0);
	const struct sl_node *p = s->ports->item[port];
	int64_t node_port = sl_node_int(p, "nodePort", 0);
	struct target t;
	int e = 0;

	if (vips->n == 0 && node_port == 0)
		return 0;
	e = find_target(k, s, port, &t);
	for (size_t i = 0; e == 0 && i < vips->n; i++)
		e = add(k, s, p, &t, vips->v[i].kind, &vips->v[i].ip, sl_node_int(p, "port", 0));
	if (e == 0 && node_port && (vips->v4 || !vips->v6))
		e = add(k, s, p, &t, SL_SVC_NODE_PORT, &any4, node_port);
	if (e == 0 && node_port && vips->v6)
		e = add(k, s, p, &t, SL_SVC_NODE_PORT, &any6, node_port);
	return e;
}

int sl_services_model(struct sl_kube *k)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < k->n_service; i++) {
		struct sl_kube_service *s = &k->service[i];
		struct vips vips = {.n = 0};

		/* Neither has rules in kube-proxy: one is a name in the DNS, one has no address. */
		if (strcmp(sl_node_text(s->spec, "type", ""), "ExternalName") == 0 ||
		    strcmp(sl_node_text(s->spec, "clusterIP", ""), "None") == 0)
			continue;
		e = vips_of(k, s, &vips);
		for (uint32_t p = 0; e == 0 && p < sl_node_len(s->ports); p++)
			e = add_port(k, s, p, &vips);
	}
	return e;
}
