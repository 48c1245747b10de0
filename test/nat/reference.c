/* SPDX-License-Identifier: BSD-3-Clause */
/* The reference translator: one flow, one packet at a time, everything computed anew. */
#include "reference.h"

#include <stddef.h>

#include "sl_base.h"

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

bool ref_alive(const struct ref_flow *f, uint64_t now_s)
{
	return f->state != REF_NONE && now_s < f->expires_s;
}

/* Seconds that each state lasts without a packet, as in the kernel's conntrack. */
static uint64_t seconds(enum ref_state s)
{
	switch (s) {
	case REF_SYN_SENT:
	case REF_FIN:
	case REF_TIME_WAIT:
	case REF_STREAM:
		return 120;
	case REF_SYN_RECV:
		return 60;
	case REF_ESTABLISHED:
		return 432000;
	case REF_CLOSE:
		return 10;
	case REF_UDP:
	case REF_ECHO:
		return 30;
	case REF_NONE:
		break;
	}
	return 0;
}

static void enter(struct ref_flow *f, enum ref_state s, uint64_t now_s)
{
	f->state = s;
	f->expires_s = now_s + seconds(s);
}

static void tcp_state(struct ref_flow *f, uint8_t flags, bool from_client, uint64_t now_s)
{
	bool syn = flags & SYN, ack = flags & ACK;

	if (flags & FIN && from_client)
		f->client_fin = true;
	if (flags & FIN && !from_client)
		f->ep_fin = true;
	if (flags & RST) {
		/* A second one doesn't prolong it. */
		if (f->state != REF_CLOSE)
			enter(f, REF_CLOSE, now_s);
		return;
	}
	if (f->state == REF_SYN_SENT) {
		if (!from_client && syn && ack)
			enter(f, REF_SYN_RECV, now_s);
	} else if (f->state == REF_SYN_RECV) {
		if (from_client && ack && !syn)
			enter(f, f->client_fin || f->ep_fin ? REF_FIN : REF_ESTABLISHED, now_s);
		else
			enter(f, REF_SYN_RECV, now_s);
	} else if (f->state == REF_ESTABLISHED) {
		enter(f, f->client_fin || f->ep_fin ? REF_FIN : REF_ESTABLISHED, now_s);
	} else if (f->state == REF_FIN) {
		enter(f, f->client_fin && f->ep_fin ? REF_TIME_WAIT : REF_FIN, now_s);
	} else if (f->state == REF_CLOSE && ack && !syn) {
		enter(f, f->client_fin || f->ep_fin ? REF_FIN : REF_ESTABLISHED, now_s);
	}
}

static void advance(struct ref_flow *f, const struct pk *in, bool from_client, uint64_t now_s)
{
	if (in->proto == PK_TCP)
		tcp_state(f, in->flags, from_client, now_s);
	else if (!from_client && f->state == REF_UDP)
		enter(f, REF_STREAM, now_s);
	else
		enter(f, f->state, now_s);
}

/* Not while all are: then they are all used. */
static bool is_dead(const struct ref_flow *f, const struct sl_ip *ep)
{
	bool dead = false, any_well = false;

	for (unsigned i = 0; f->dead && f->endpoint[i]; i++) {
		struct sl_ip ip;

		sl_ip_parse(f->endpoint[i], &ip, NULL);
		dead |= f->dead[i] && sl_ip_eq(&ip, ep);
		any_well |= !f->dead[i];
	}
	return dead && any_well;
}

void ref_health_changed(struct ref_flow *f, uint64_t now_s)
{
	f->unsure |= f->dead && ref_alive(f, now_s) && !f->seen;
}

static uint32_t size(const struct pk *p, bool v4)
{
	uint32_t l4 = p->proto == PK_TCP ? 24 : 8;

	return (v4 ? 20 : 40) + l4 + p->len;
}

static bool endpoint_is_v4(const struct ref_flow *f)
{
	struct sl_ip ip;

	sl_ip_parse(f->endpoint[0], &ip, NULL);
	return sl_ip_is_v4(&ip);
}

/* An IPv6 packet that may be cut once it is one of IPv4: its sender thinks of nothing smaller. */
static bool is_small(const struct pk *in)
{
	return in->pieces > 1 || size(in, false) <= 1280;
}

static enum ref_verdict refuse(const struct pk *in, struct pk *out)
{
	bool v4 = pk_is_v4(in);

	if (pk_is_icmp(in))
		return REF_NOTHING;
	if (in->proto == PK_TCP)
		return in->flags & RST ? REF_NOTHING : REF_RESET;
	out->type = v4 ? 3 : 1;
	out->code = v4 ? 3 : 4;
	return REF_ERROR;
}

/* What its size and its hops make of a packet that is else to be sent. */
static enum ref_verdict may_go(const struct pk *in, bool to_v4, uint32_t mtu, struct pk *out)
{
	bool v4 = pk_is_v4(in), may_cut = v4 ? !in->df : to_v4 && is_small(in);

	if (in->ttl <= 1) {
		out->type = v4 ? 11 : 3;
		out->code = 0;
		return REF_ERROR;
	}
	if (size(in, to_v4) > mtu && !may_cut) {
		out->type = v4 ? 3 : 2;
		out->code = v4 ? 4 : 0;
		/* What the sender may send: its own header is larger or smaller. */
		out->mtu = (uint16_t)(v4 == to_v4 ? mtu : v4 ? mtu - 20 : mtu + 20);
		return REF_ERROR;
	}
	return REF_SEND;
}

static void change_family(const struct pk *in, bool to_v4, struct pk *out)
{
	if (pk_is_v4(in) == to_v4)
		return;
	out->df = to_v4 && !is_small(in);
	out->no_csum = false;
}

static void address(struct pk *out, const struct ref_flow *f, bool from_client)
{
	out->src = from_client ? f->own : f->vip;
	out->dst = from_client ? f->ep : f->client;
	if (pk_is_icmp(out)) {
		out->echo = from_client ? f->oport : f->cport;
		return;
	}
	out->sport = from_client ? f->oport : f->vport;
	out->dport = from_client ? f->eport : f->cport;
}

enum ref_verdict ref_translate(struct ref_flow *f, const struct pk *in, bool from_client,
			       uint64_t now_s, uint32_t mtu, struct pk *out)
{
	bool to_v4 = from_client ? endpoint_is_v4(f) : sl_ip_is_v4(&f->client);
	bool plain_syn = in->proto == PK_TCP && (in->flags & (SYN | ACK | RST | FIN)) == SYN;
	enum ref_verdict v;

	*out = *in;
	if (!ref_alive(f, now_s))
		f->state = REF_NONE;
	if (from_client && f->seen && is_dead(f, &f->ep))
		f->state = REF_NONE;
	if (f->state == REF_NONE)
		f->unsure = false;
	if (from_client && plain_syn && (f->state == REF_TIME_WAIT || f->state == REF_CLOSE))
		f->state = REF_NONE;
	if (!from_client && (f->state == REF_NONE || !f->seen))
		return refuse(in, out);
	if (f->state == REF_NONE) {
		if (in->proto == PK_TCP && !plain_syn)
			return refuse(in, out);
		f->seen = f->client_fin = f->ep_fin = false;
		enter(f,
		      in->proto == PK_TCP   ? REF_SYN_SENT
		      : in->proto == PK_UDP ? REF_UDP
					    : REF_ECHO,
		      now_s);
	} else {
		advance(f, in, from_client, now_s);
	}
	v = may_go(in, to_v4, mtu, out);
	if (v != REF_SEND)
		return v;
	out->ttl--;
	change_family(in, to_v4, out);
	if (!f->seen)
		return REF_OPEN;
	address(out, f, from_client);
	return REF_SEND;
}

/* RFC 7915 4.2 and 5.2, as far as the errors are sent that random.c makes. */
static void change_error(const struct pk *in, struct pk *out)
{
	bool v4 = pk_is_v4(in);
	static const struct {
		uint8_t v4[2], v6[2];
	} same[] = {{{3, 1}, {1, 0}}, {{3, 0}, {1, 0}},  {{3, 3}, {1, 4}},
		    {{3, 4}, {2, 0}}, {{11, 0}, {3, 0}}, {{3, 1}, {1, 3}}};

	for (unsigned i = 0; i < SL_ARRAY_LEN(same); i++) {
		const uint8_t *from = v4 ? same[i].v4 : same[i].v6;
		const uint8_t *to = v4 ? same[i].v6 : same[i].v4;

		if (from[0] != in->type || from[1] != in->code)
			continue;
		out->type = to[0];
		out->code = to[1];
		break;
	}
	out->proto = v4 ? PK_ICMP6 : PK_ICMP;
	if (out->type == 2 && v4)
		out->mtu = in->mtu < 1260 ? 1280 : in->mtu + 20;
	if (out->type == 3 && !v4 && out->code == 4)
		out->mtu = in->mtu < 1280 ? 1260 : in->mtu - 20;
}

enum ref_verdict ref_error(const struct ref_flow *f, const struct pk *in, bool about_forward,
			   uint64_t now_s, struct pk *out)
{
	*out = *in;
	if (!ref_alive(f, now_s) || !f->seen)
		return REF_NOTHING;
	out->ttl--;
	if (pk_is_v4(in) != (about_forward ? sl_ip_is_v4(&f->client) : endpoint_is_v4(f)))
		change_error(in, out);
	/* The one who sent the quoted packet is told, and sees it as he sent it. */
	/* A host that speaks to the outside hears from every router there. */
	if (!(f->egress && about_forward))
		out->src = about_forward ? f->vip : f->own;
	out->dst = about_forward ? f->client : f->ep;
	out->quote.src = about_forward ? f->client : f->ep;
	out->quote.dst = about_forward ? f->vip : f->own;
	if (out->quote.proto != PK_TCP && out->quote.proto != PK_UDP) {
		out->quote.sport = out->quote.dport = f->cport;
		return REF_SEND;
	}
	out->quote.sport = about_forward ? f->cport : f->eport;
	out->quote.dport = about_forward ? f->vport : f->oport;
	return REF_SEND;
}

const char *ref_learn(struct ref_flow *f, const struct pk *got, const struct ref_flow *all,
		      unsigned n, uint64_t now_s)
{
	uint16_t port = pk_is_icmp(got) ? got->echo : got->sport;
	bool known = false;

	for (const char *const *e = f->endpoint; *e; e++) {
		struct sl_ip ip;

		sl_ip_parse(*e, &ip, NULL);
		known |= sl_ip_eq(&ip, &got->dst);
	}
	if (!known || got->dport != f->endpoint_port)
		return "the endpoint is none of the service";
	if (is_dead(f, &got->dst))
		return "the endpoint is dead";
	if (port < 32768 || port >= 49152)
		return "the source port is out of its range";
	for (unsigned i = 0; i < n; i++)
		if (&all[i] != f && all[i].proto == f->proto && all[i].seen &&
		    ref_alive(&all[i], now_s) && sl_ip_eq(&all[i].ep, &got->dst) &&
		    all[i].eport == got->dport && sl_ip_eq(&all[i].own, &got->src) &&
		    all[i].oport == port)
			return "the source port is another session's";
	f->seen = true;
	f->own = got->src;
	f->ep = got->dst;
	f->oport = port;
	f->eport = got->dport;
	return NULL;
}
