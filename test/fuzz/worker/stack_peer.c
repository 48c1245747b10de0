/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The box seen from outside: every frame it sends must be whole and right; what its connections
 * send again must be what they sent before, and the windows they tell must not shrink.
 */
#include "stack.h"

#include <netinet/in.h>

#include "sl_steer.h"
#include "sl_wire.h"

#define CLIENTS 8
#define FLOWS   16

static struct flow flow[FLOWS];
static unsigned n_upstream;
bool peer_silent;
struct udp_seen peer_udp;

static void client(unsigned i, const char *peer, const char *ours, uint16_t port)
{
	struct flow *f = &flow[i];

	CHECK(sl_ip_parse(peer, &f->peer, NULL) == 0 && sl_ip_parse(ours, &f->ours, NULL) == 0);
	f->peer_port = (uint16_t)(1000 + i);
	f->our_port = port;
	f->own = i < 5;
	f->next = i * 0x30000000u - 5;
}

void peer_start(bool silent)
{
	for (unsigned i = 0; i < FLOWS; i++)
		memset(&flow[i], 0, offsetof(struct flow, hist));
	n_upstream = 0;
	peer_silent = silent;
	peer_udp.any = false;
	client(0, "192.0.2.10", "192.0.2.1", 8080);
	client(1, "192.0.2.11", "192.0.2.1", 31373);
	client(2, "2001:db8:1::10", "2001:db8:1::1", 8080);
	client(3, "198.51.100.9", VIP, 80);
	client(4, "192.0.2.12", "192.0.2.1", 81);
	client(5, "192.0.2.10", VIP_L4, 80);
	client(6, "2001:db8:9::10", VIP_L4_6, 80);
	client(7, "198.51.100.10", "192.0.2.1", 30080);
}

struct flow *peer_flow(uint8_t which)
{
	return &flow[which % FLOWS];
}

static const uint8_t *option(const struct pkt_tcp *t, uint8_t kind)
{
	const uint8_t *p = t->opts, *end = p + t->opts_len;

	while (p < end && *p) {
		uint32_t len = *p == 1 ? 1 : end - p > 1 ? p[1] : 0;

		if (!len || (*p != 1 && len < 2) || len > (size_t)(end - p))
			return NULL;
		if (*p == kind)
			return p;
		p += len;
	}
	return NULL;
}

/* The box opens a connection to an endpoint, or a session of L4 does. */
static struct flow *upstream(const struct pkt_tcp *t)
{
	struct flow *f = &flow[CLIENTS + n_upstream++ % (FLOWS - CLIENTS)];

	memset(f, 0, offsetof(struct flow, hist));
	f->peer = t->dst;
	f->ours = t->src;
	f->peer_port = t->dport;
	f->our_port = t->sport;
	f->port = 1;
	f->own = t->sport >= SL_TCP_PORT_FIRST;
	f->next = n_upstream * 0x10000000u;
	return f;
}

static struct flow *flow_of(const struct pkt_tcp *t)
{
	for (unsigned i = 0; i < FLOWS; i++)
		if (flow[i].peer_port == t->dport && flow[i].our_port == t->sport &&
		    sl_ip_eq(&flow[i].peer, &t->dst) && sl_ip_eq(&flow[i].ours, &t->src))
			return &flow[i];
	return NULL;
}

static void saw_syn(struct flow *f, const struct pkt_tcp *t)
{
	const uint8_t *ws = option(t, 3);

	f->live = true;
	f->fin = false;
	f->ts = option(t, 8) != NULL;
	f->wscale = ws && ws[2] < 15 ? ws[2] : 0;
	f->seen = f->una = t->seq + 1;
	f->hist_from = f->hist_to = f->seen;
	f->hist_known = true;
	f->edge_known = false;
}

/* A gap is no fault: packets that wait for a neighbour are dropped when they become too many. */
static void saw_data(struct flow *f, const struct pkt_tcp *t)
{
	for (uint32_t i = 0; f->hist_known && i < t->len; i++) {
		uint32_t at = t->seq + i, age = f->hist_to - at;

		if ((int32_t)age < 0) {
			f->hist_from = f->hist_to = at;
			age = 0;
		}
		if (age == 0) {
			f->hist[at % HIST] = t->payload[i];
			f->hist_to++;
			if (f->hist_to - f->hist_from > HIST)
				f->hist_from = f->hist_to - HIST;
		} else if (age <= f->hist_to - f->hist_from &&
			   f->hist[at % HIST] != t->payload[i]) {
			broken("another byte than before was sent");
		}
	}
}

/*
 * RFC 9293 3.8.6: the right edge does not move left, but for what scaling rounds off. Whether a
 * peer agreed to scale what we offered to is not known here: it is a fault if it is one either way.
 */
static void saw_window(struct flow *f, const struct pkt_tcp *t)
{
	const uint8_t scale[2] = {f->wscale, 0};
	unsigned shrunk = 0;

	for (unsigned i = 0; i < 2; i++) {
		uint32_t edge = t->ack + ((uint32_t)t->win << scale[i]);
		int32_t by = (int32_t)(edge - f->edge[i]);

		shrunk += f->edge_known && by < -(1 << scale[i]);
		if (!f->edge_known || by > 0)
			f->edge[i] = edge;
	}
	if (shrunk == 2)
		broken("the window shrank");
	f->edge_known = true;
}

static void saw_tcp(const uint8_t *ip, uint32_t len)
{
	struct pkt_tcp t;
	const char *bad = pkt_parse(ip, len, &t);
	const uint8_t *ts;
	struct flow *f;
	uint32_t end;

	if (bad)
		broken(bad);
	f = flow_of(&t);
	if (!f && (t.flags & (SL_TCP_SYN | SL_TCP_ACK)) == SL_TCP_SYN)
		f = upstream(&t);
	if (!f)
		return;
	f->last_len = (uint16_t)SL_MIN(len, sizeof(f->last));
	memcpy(f->last, ip, f->last_len);
	if (t.flags & SL_TCP_RST) {
		f->hist_known = f->edge_known = false;
		return;
	}
	ts = option(&t, 8);
	if (ts)
		f->ts_ecr = sl_load32(ts + 2);
	if (t.flags & SL_TCP_SYN)
		saw_syn(f, &t);
	if (f->own && f->live)
		saw_data(f, &t);
	if (f->own && f->live && !(t.flags & SL_TCP_SYN) && t.len)
		saw_window(f, &t);
	end = t.seq + t.len + !!(t.flags & SL_TCP_SYN) + !!(t.flags & SL_TCP_FIN);
	if ((int32_t)(end - f->seen) > 0)
		f->seen = end;
	if (t.flags & SL_TCP_FIN)
		f->fin = true;
}

static void saw_udp(uint16_t port, const uint8_t *ip, uint32_t len)
{
	bool v6 = ip[0] >> 4 == 6;
	uint32_t l4 = v6 ? 40 : (ip[0] & 15) * 4u;

	if (port != 1 || len < l4 + 8)
		return;
	if (v6) {
		memcpy(peer_udp.src.b, ip + 8, 16);
		memcpy(peer_udp.dst.b, ip + 24, 16);
	} else {
		uint32_t a[2];

		memcpy(a, ip + 12, 8);
		peer_udp.src = sl_ip_from_v4(a[0]);
		peer_udp.dst = sl_ip_from_v4(a[1]);
	}
	peer_udp.sport = sl_load16(ip + l4);
	peer_udp.dport = sl_load16(ip + l4 + 2);
	peer_udp.any = true;
}

static void saw_ip(const struct sl_port *port, const uint8_t *ip, uint32_t len)
{
	const char *bad = fuzz_check(ip, len);
	bool v6 = ip[0] >> 4 == 6;
	uint8_t proto = v6 ? ip[6] : ip[9];

	if (bad)
		broken(bad);
	if (len > port->cfg.mtu)
		broken("larger than the MTU");
	if (!(v6 ? ip[7] : ip[8]))
		broken("sent without TTL");
	if (!v6 && sl_load16(ip + 6) & 0x3fff)
		return;
	if (proto == IPPROTO_TCP && (v6 || ip[0] == 0x45))
		saw_tcp(ip, len);
	else if (proto == IPPROTO_UDP)
		saw_udp(port->index, ip, len);
	else if (proto == IPPROTO_ICMPV6)
		other_answer_nd(port, ip, len);
}

void peer_saw(const struct sl_port *port, const uint8_t *frame, uint32_t len)
{
	uint32_t at = 12;
	uint16_t type;

	if (len < 14 + (port->cfg.vlan ? 4u : 0u) + 20)
		broken("short frame");
	if (memcmp(frame + 6, port->mac, 6) != 0)
		broken("source MAC");
	if (port->cfg.vlan) {
		if (sl_load16(frame + at) != SL_ETH_VLAN ||
		    (sl_load16(frame + at + 2) & 0xfff) != port->cfg.vlan)
			broken("VLAN tag");
		at += 4;
	}
	type = sl_load16(frame + at);
	at += 2;
	if (type == SL_ETH_ARP && len - at >= sizeof(struct sl_arp_hdr))
		other_answer_arp(port, frame + at);
	else if (type == SL_ETH_IPV4 || type == SL_ETH_IPV6)
		saw_ip(port, frame + at, len - at);
	else
		broken("Ethernet type");
}
