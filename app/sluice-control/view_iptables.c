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
	json_t *filter, *chains, *services, *nodeports;
	json_t *entry; /* of chains that lead to those in svc, and first rules of these */
	json_t *svc, *sep;
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
	/* Chains: to its endpoints; from outside the cluster; to that, from its source ranges. */
	char svc[40], ext[40], fw[40];
	char name[600], ports[16];
	char dst[SL_IP_TEXT_MAX + 16]; /* empty: a node port */
	const char *local;             /* what makes a filter one of a node port */
	const char *proto;
	bool outside;    /* its clients come from outside */
	bool to_v4;      /* of its endpoints, IPv4 ones take new sessions, not IPv6 ones */
	bool masquerade; /* its endpoints see an address of the box */
};

/* IPv6 clients are translated to IPv4 endpoints where there are no others. */
static bool takes_v4(const struct sl_snap *s, const struct sl_snap_service *v)
{
	const struct sl_snap_cluster *c;

	if (sl_ip_is_v4(&v->ip) || v->cluster == SL_SNAP_NONE)
		return true;
	c = sl_snap_cluster(s, v->cluster);
	for (uint32_t i = 0; i < c->healthy.n; i++)
		if (!sl_ip_is_v4(&sl_snap_endpoint(s, c->healthy.first + i)->ip))
			return false;
	return true;
}

static struct named name_of(const struct sl_snap *s, const struct sl_snap_service *v)
{
	struct named n = {.v = v,
			  .proto = v->proto == IPPROTO_UDP ? "udp" : "tcp",
			  .outside = v->kind != SL_SVC_CLUSTER_IP || v->sources.n,
			  .to_v4 = takes_v4(s, v),
			  .masquerade = !v->keep_client && v->listener == SL_SNAP_NONE};
	struct sl_str name = sl_snap_str(s, v->name);
	char text[RULE_MAX], h[HASH_LEN + 1], ip[SL_IP_TEXT_MAX];

	snprintf(n.name, sizeof(n.name), "%.*s", SL_STR_ARG(name));
	snprintf(text, sizeof(text), "%s%s", n.name, n.proto);
	hash(text, h);
	snprintf(n.svc, sizeof(n.svc), "KUBE-%s-%s", v->silent ? "SVL" : "SVC", h);
	snprintf(n.ext, sizeof(n.ext), "KUBE-EXT-%s", h);
	snprintf(n.fw, sizeof(n.fw), "KUBE-FW-%s", h);
	if (v->port_last != v->port)
		snprintf(n.ports, sizeof(n.ports), "%u:%u", v->port, v->port_last);
	else
		snprintf(n.ports, sizeof(n.ports), "%u", v->port);
	if (!sl_ip_is_any(&v->ip))
		snprintf(n.dst, sizeof(n.dst), " -d %s/%d", sl_ip_format(&v->ip, ip),
			 sl_ip_is_v4(&v->ip) ? 32 : 128);
	n.local = *n.dst ? "" : " -m addrtype --dst-type LOCAL";
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
	     sl_ip_format(&e->ip, ip), sl_ip_is_v4(&e->ip) ? 32 : 128, n->name);
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

/* The next endpoint of a service from *at on that takes new sessions, or NULL. */
static const struct sl_snap_endpoint *next_taker(const struct sl_snap *s, const struct named *n,
						 uint32_t *at)
{
	const struct sl_snap_cluster *c =
		n->v->cluster == SL_SNAP_NONE ? NULL : sl_snap_cluster(s, n->v->cluster);

	while (c && *at < c->healthy.n) {
		const struct sl_snap_endpoint *e = sl_snap_endpoint(s, c->healthy.first + *at);

		++*at;
		if (sl_ip_is_v4(&e->ip) == n->to_v4)
			return e;
	}
	return NULL;
}

static void to_endpoint(struct rules *r, const struct named *n, const struct sl_snap_endpoint *e,
			const char *sep, const char *match)
{
	char addr[SL_IP_PORT_TEXT_MAX];

	sl_ip_port_format(&e->ip, e->port, addr);
	rule(r->svc, "-A %s -m comment --comment \"%s -> %s\"%s -j %s", n->svc, n->name, addr,
	     match, sep);
}

/* The endpoints that take new sessions: who was at one before, then each its share of the rest. */
static void cluster_rules(struct rules *r, const struct named *n)
{
	const struct sl_snap_endpoint *e;
	uint32_t last = 0, at = 0;
	uint64_t left = 0;
	char sep[40], match[80];

	while ((e = next_taker(r->s, n, &at))) {
		left += e->weight;
		last = at;
		sep_name(n, e, sep);
		snprintf(match, sizeof(match),
			 " -m recent --rcheck --seconds %u --reap --name %.25s", n->v->affinity_s,
			 sep);
		if (n->v->affinity_s)
			to_endpoint(r, n, e, sep, match);
	}
	for (at = 0; (e = next_taker(r->s, n, &at)); left -= e->weight) {
		sep_name(n, e, sep);
		snprintf(match, sizeof(match), " -m statistic --mode random --probability %.11f",
			 (double)e->weight / (double)left);
		to_endpoint(r, n, e, sep, at == last ? "" : match);
		endpoint_rules(r, n, sep, e);
	}
}

static void chain_rules(struct rules *r, const struct named *n)
{
	const struct sl_snap_service *v = n->v;

	if (!is_new(r, n->svc))
		return;
	if (v->listener != SL_SNAP_NONE)
		rule(r->svc,
		     "-A %s -p tcp -m comment --comment \"%s -> listener %.*s\" -j REDIRECT "
		     "--to-ports %u",
		     n->svc, n->name,
		     SL_STR_ARG(sl_snap_str(r->s, sl_snap_listener(r->s, v->listener)->name)),
		     sl_snap_listener(r->s, v->listener)->port);
	else
		cluster_rules(r, n);
}

static const char *what(const struct sl_snap_service *v)
{
	return v->kind == SL_SVC_LOAD_BALANCER ? " loadbalancer IP"
	       : v->kind == SL_SVC_CLUSTER_IP  ? " cluster IP"
					       : "";
}

/* A rule for packets to a service's address and port. */
static void to_service(json_t *list, const char *chain, const struct named *n, const char *comment,
		       const char *match, const char *target)
{
	rule(list, "-A %s%s -p %s -m comment --comment \"%s%s\"%s -m %s --dport %s -j %s", chain,
	     n->dst, n->proto, n->name, comment, match, n->proto, n->ports, target);
}

static void refusal(struct rules *r, const struct named *n)
{
	to_service(r->filter, n->outside ? "KUBE-EXTERNAL-SERVICES" : "KUBE-SERVICES", n,
		   n->v->silent ? " has no local endpoints" : " has no endpoints", n->local,
		   n->v->silent                 ? "DROP"
		   : n->v->proto == IPPROTO_TCP ? "REJECT --reject-with tcp-reset"
		   : r->v6                      ? "REJECT --reject-with icmp6-port-unreachable"
						: "REJECT --reject-with icmp-port-unreachable");
}

/* Who is in no range comes back from the chain as he was: the filter drops him. */
static void range_rules(struct rules *r, const struct named *n)
{
	char comment[80], ip[SL_IP_TEXT_MAX];

	snprintf(comment, sizeof(comment), " traffic not accepted by %s", n->fw);
	to_service(r->filter, "KUBE-PROXY-FIREWALL", n, comment, n->local, "DROP");
	if (!is_new(r, n->fw))
		return;
	for (uint32_t i = 0; i < n->v->sources.n; i++) {
		const struct sl_prefix *p = sl_snap_prefix(r->s, n->v->sources.first + i);

		if (sl_ip_is_v4(&p->ip) != r->v6)
			rule(r->entry, "-A %s -s %s/%d -m comment --comment \"%s%s\" -j %s", n->fw,
			     sl_ip_format(&p->ip, ip), r->v6 ? p->len : p->len - 96, n->name,
			     what(n->v), n->ext);
	}
	rule(r->entry,
	     "-A %s -m comment --comment \"other traffic to %s will be dropped by "
	     "KUBE-PROXY-FIREWALL\"",
	     n->fw, n->name);
}

static void outside_rules(struct rules *r, const struct named *n)
{
	if (n->v->sources.n)
		range_rules(r, n);
	if (!is_new(r, n->ext))
		return;
	if (n->masquerade)
		rule(r->entry,
		     "-A %s -m comment --comment \"masquerade traffic for %s external "
		     "destinations\" -j KUBE-MARK-MASQ",
		     n->ext, n->name);
	rule(r->entry, "-A %s -j %s", n->ext, n->svc);
}

static void service_rules(struct rules *r, const struct sl_snap_service *v)
{
	struct named n = name_of(r->s, v);
	uint32_t at = 0;

	if (v->listener == SL_SNAP_NONE && !next_taker(r->s, &n, &at)) {
		refusal(r, &n);
		return;
	}
	to_service(*n.dst ? r->services : r->nodeports, *n.dst ? "KUBE-SERVICES" : "KUBE-NODEPORTS",
		   &n, what(v), "",
		   v->sources.n ? n.fw
		   : n.outside  ? n.ext
				: n.svc);
	if (n.outside)
		outside_rules(r, &n);
	else if (n.masquerade)
		to_service(r->entry, n.svc, &n, what(v), "", "KUBE-MARK-MASQ");
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
			  .entry = json_array(),
			  .svc = json_array(),
			  .sep = json_array(),
			  .seen = json_object()};

	for (uint32_t i = 0; i < s->tab[SL_SNAP_SERVICES].n; i++)
		if (sl_ip_is_v4(&sl_snap_service(s, i)->ip) != r.v6)
			service_rules(&r, sl_snap_service(s, i));
	rule(rows, "*filter");
	rule(rows, ":KUBE-EXTERNAL-SERVICES - [0:0]");
	rule(rows, ":KUBE-PROXY-FIREWALL - [0:0]");
	rule(rows, ":KUBE-SERVICES - [0:0]");
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
	append(rows, r.entry);
	append(rows, r.svc);
	append(rows, r.sep);
	rule(rows, "COMMIT");
	json_decref(r.seen);
}
