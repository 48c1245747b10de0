/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pc iptables: L4 services in use as the chains that kube-proxy would have written, with its names.
 * A service of ours that a listener serves is a redirect to its port.
 */
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "jsontext.h"
#include "sl_sha256.h"
#include "view.h"

#define RULE_MAX 2048
#define HASH_LEN 16

struct rules {
	const struct sl_snap *s;
	bool v6;
	json_t *filter, *chains, *services, *nodeports, *svc, *sep;
	json_t *seen; /* chains that have their rules */
};

/* Base 32 (RFC 4648 6) of SHA-256, cut. */
static void hash(const char *text, char out[HASH_LEN + 1])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint8_t h[32];

	sl_sha256(text, strlen(text), h);
	for (unsigned i = 0; i < HASH_LEN; i++) {
		unsigned bit = i * 5;
		unsigned two = (unsigned)h[bit / 8] << 8 | h[bit / 8 + 1];

		out[i] = digits[two >> (11 - bit % 8) & 31];
	}
	out[HASH_LEN] = '\0';
}

static void rule(json_t *list, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void rule(json_t *list, const char *fmt, ...)
{
	char text[RULE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(list, json_text_of(sl_str(text)));
}

static bool is_new(struct rules *r, const char *chain)
{
	if (json_object_get(r->seen, chain))
		return false;
	json_object_set_new(r->seen, chain, json_true());
	rule(r->chains, ":%s - [0:0]", chain);
	return true;
}

/* What stands in several rules of a service. */
struct named {
	const struct sl_snap_service *v;
	char name[600], chain[40], ports[16];
	const char *proto;
};

static struct named name_of(const struct sl_snap *s, const struct sl_snap_service *v)
{
	struct named n = {.v = v, .proto = v->proto == IPPROTO_UDP ? "udp" : "tcp"};
	struct sl_str name = sl_snap_str(s, v->name);
	char text[RULE_MAX], h[HASH_LEN + 1];

	snprintf(n.name, sizeof(n.name), "%.*s", SL_STR_ARG(name));
	snprintf(text, sizeof(text), "%s%s", n.name, n.proto);
	hash(text, h);
	snprintf(n.chain, sizeof(n.chain), "KUBE-%s-%s", v->silent ? "SVL" : "SVC", h);
	if (v->port_last != v->port)
		snprintf(n.ports, sizeof(n.ports), "%u:%u", v->port, v->port_last);
	else
		snprintf(n.ports, sizeof(n.ports), "%u", v->port);
	return n;
}

static void endpoint_rules(struct rules *r, const struct named *n, const char *sep,
			   const struct sl_snap_endpoint *e)
{
	char ip[SL_IP_TEXT_MAX], addr[SL_IP_PORT_TEXT_MAX];

	if (!is_new(r, sep))
		return;
	sl_ip_port_format(&e->ip, e->port, addr);
	rule(r->sep, "-A %s -s %s/%d -m comment --comment \"%s\" -j KUBE-MARK-MASQ", sep,
	     sl_ip_format(&e->ip, ip), r->v6 ? 128 : 32, n->name);
	rule(r->sep,
	     "-A %s -p %s -m comment --comment \"%s\"%s%s%s -m %s -j DNAT --to-destination %s", sep,
	     n->proto, n->name, n->v->affinity_s ? " -m recent --set --name " : "",
	     n->v->affinity_s ? sep : "",
	     n->v->affinity_s ? (r->v6 ? " --rsource" : " --mask 255.255.255.255 --rsource") : "",
	     n->proto, addr);
}

static void sep_name(const struct named *n, const struct sl_snap_endpoint *e, char sep[40])
{
	char addr[SL_IP_PORT_TEXT_MAX], text[RULE_MAX], h[HASH_LEN + 1];

	sl_ip_port_format(&e->ip, e->port, addr);
	snprintf(text, sizeof(text), "%s%s%s", n->name, n->proto, addr);
	hash(text, h);
	snprintf(sep, 40, "KUBE-SEP-%s", h);
}

/* The endpoints that take new sessions, each with its share of what is left. */
static void cluster_rules(struct rules *r, const struct named *n, const struct sl_snap_cluster *c)
{
	uint64_t left = 0;
	char sep[40], addr[SL_IP_PORT_TEXT_MAX];

	for (uint32_t i = 0; i < c->healthy.n; i++)
		left += sl_snap_endpoint(r->s, c->healthy.first + i)->weight;
	for (int stay = n->v->affinity_s ? 0 : 1; stay < 2; stay++)
		for (uint32_t i = 0; i < c->healthy.n; i++) {
			const struct sl_snap_endpoint *e =
				sl_snap_endpoint(r->s, c->healthy.first + i);
			char share[80] = "";

			sep_name(n, e, sep);
			sl_ip_port_format(&e->ip, e->port, addr);
			if (stay == 0)
				snprintf(share, sizeof(share),
					 " -m recent --rcheck --seconds %u --reap --name %.25s",
					 n->v->affinity_s, sep);
			else if (i + 1 < c->healthy.n)
				snprintf(share, sizeof(share),
					 " -m statistic --mode random --probability %.11f",
					 (double)e->weight / (double)left);
			rule(r->svc, "-A %s -m comment --comment \"%s -> %s\"%s -j %s", n->chain,
			     n->name, addr, share, sep);
			if (stay == 1) {
				left -= e->weight;
				endpoint_rules(r, n, sep, e);
			}
		}
}

static void chain_rules(struct rules *r, const struct named *n)
{
	const struct sl_snap_service *v = n->v;

	if (!is_new(r, n->chain))
		return;
	if (v->listener != SL_SNAP_NONE)
		rule(r->svc,
		     "-A %s -p tcp -m comment --comment \"%s -> listener %.*s\" -j REDIRECT "
		     "--to-ports %u",
		     n->chain, n->name,
		     SL_STR_ARG(sl_snap_str(r->s, sl_snap_listener(r->s, v->listener)->name)),
		     sl_snap_listener(r->s, v->listener)->port);
	else
		cluster_rules(r, n, sl_snap_cluster(r->s, v->cluster));
}

static const char *what(const struct sl_snap_service *v)
{
	return v->kind == SL_SVC_LOAD_BALANCER ? " loadbalancer IP"
	       : v->kind == SL_SVC_CLUSTER_IP  ? " cluster IP"
					       : "";
}

static void service_rules(struct rules *r, const struct sl_snap_service *v)
{
	struct named n = name_of(r->s, v);
	bool node = sl_ip_is_any(&v->ip);
	json_t *to = node ? r->nodeports : r->services;
	const char *chain = node ? "KUBE-NODEPORTS" : "KUBE-SERVICES";
	char dst[SL_IP_TEXT_MAX + 16] = "", ip[SL_IP_TEXT_MAX];

	if (!node)
		snprintf(dst, sizeof(dst), " -d %s/%d", sl_ip_format(&v->ip, ip), r->v6 ? 128 : 32);
	if (v->listener == SL_SNAP_NONE &&
	    (v->cluster == SL_SNAP_NONE || sl_snap_cluster(r->s, v->cluster)->healthy.n == 0)) {
		rule(r->filter,
		     "-A %s%s -p %s -m comment --comment \"%s has no %sendpoints\" -m %s --dport "
		     "%s "
		     "-j %s",
		     chain, dst, n.proto, n.name, v->silent ? "local " : "", n.proto, n.ports,
		     v->silent                 ? "DROP"
		     : v->proto == IPPROTO_TCP ? "REJECT --reject-with tcp-reset"
		     : r->v6                   ? "REJECT --reject-with icmp6-port-unreachable"
					       : "REJECT --reject-with icmp-port-unreachable");
		return;
	}
	if (!v->keep_client && v->listener == SL_SNAP_NONE)
		rule(to,
		     "-A %s%s -p %s -m comment --comment \"%s%s\" -m %s --dport %s -j "
		     "KUBE-MARK-MASQ",
		     chain, dst, n.proto, n.name, what(v), n.proto, n.ports);
	rule(to, "-A %s%s -p %s -m comment --comment \"%s%s\" -m %s --dport %s -j %s", chain, dst,
	     n.proto, n.name, what(v), n.proto, n.ports, n.chain);
	chain_rules(r, &n);
}

static void append(json_t *to, json_t *list)
{
	json_array_extend(to, list);
	json_decref(list);
}

void view_iptables(const struct sl_snap *s, const json_t *request, json_t *rows, json_t *protos)
{
	struct rules r = {.s = s,
			  .v6 = json_integer_value(json_object_get(request, "family")) == 6,
			  .filter = json_array(),
			  .chains = json_array(),
			  .services = json_array(),
			  .nodeports = json_array(),
			  .svc = json_array(),
			  .sep = json_array(),
			  .seen = json_object()};

	for (uint32_t i = 0; i < s->tab[SL_SNAP_SERVICES].n; i++)
		if (sl_ip_is_v4(&sl_snap_service(s, i)->ip) != r.v6)
			service_rules(&r, sl_snap_service(s, i));
	rule(rows, "*filter");
	rule(rows, ":KUBE-SERVICES - [0:0]");
	rule(rows, ":KUBE-NODEPORTS - [0:0]");
	append(rows, r.filter);
	rule(rows, "COMMIT");
	rule(rows, "*nat");
	rule(rows, ":KUBE-SERVICES - [0:0]");
	rule(rows, ":KUBE-NODEPORTS - [0:0]");
	rule(rows, ":KUBE-MARK-MASQ - [0:0]");
	append(rows, r.chains);
	append(rows, r.services);
	rule(rows,
	     "-A KUBE-SERVICES -m comment --comment \"kubernetes service nodeports; NOTE: this "
	     "must "
	     "be the last rule in this chain\" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS");
	append(rows, r.nodeports);
	append(rows, r.svc);
	append(rows, r.sep);
	rule(rows, "COMMIT");
	json_decref(r.seen);
}
