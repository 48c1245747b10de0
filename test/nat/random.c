/* SPDX-License-Identifier: BSD-3-Clause */
/* Random packets of random flows, through the box and through the reference. */
#include <inttypes.h>
#include <stdlib.h>

#include "case.h"
#include "reference.h"

#define FLOWS   128
#define OUTSIDE "198.51.100.9"

struct run {
	struct nw *w;
	struct ref_flow flow[FLOWS];
	uint64_t rnd, done, packets, start_us;
	uint64_t count[REF_NOTHING + 1], fragmented, errors, restarts, deaths;
	bool dead[2]; /* WEB1, WEB2 */
	bool broken;
	struct pk in;
};

static uint32_t any(struct run *r, uint32_t below)
{
	r->rnd = r->rnd * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(((r->rnd >> 32) * below) >> 32);
}

static uint64_t now_s(const struct run *r)
{
	return (r->w->fx->lc.now_us - r->start_us) / 1000000 + 1;
}

static void make_flows(struct run *r)
{
	static const char *const web[] = {WEB1, WEB2, NULL}, *const dns[] = {DNS, NULL},
				 *const web6[] = {WEB6, NULL}, *const outside[] = {OUTSIDE, NULL},
				 *const client2[] = {CLIENT2, NULL},
				 *const client6[] = {CLIENT6, NULL};
	static const struct {
		const char *client, *vip;
		uint16_t vport;
		uint8_t proto;
		const char *const *endpoint;
		uint16_t eport;
		bool egress;
	} kind[] = {{CLIENT, VIP, 80, PK_TCP, web, 8080},
		    {CLIENT2, VIP, 80, PK_TCP, web, 8080},
		    {CLIENT, VIP, 53, PK_UDP, dns, 53},
		    {CLIENT2, "192.0.2.1", 30080, PK_TCP, web, 8080},
		    {CLIENT, "10.10.0.1", 30080, PK_TCP, web, 8080},
		    {CLIENT6, VIP6, 80, PK_TCP, web6, 8080},
		    {CLIENT6, VIP6, 53, PK_UDP, web6, 8080},
		    {CLIENT6, "2001:db8:1::1", 30080, PK_TCP, web6, 8080},
		    {CLIENT6, VIP64, 80, PK_TCP, web, 8080},
		    {CLIENT6, VIP64, 53, PK_UDP, dns, 53},
		    {WEB1, CLIENT2, 7000, PK_TCP, client2, 7000, true},
		    {WEB1, OUTSIDE, 123, PK_UDP, outside, 123, true},
		    {WEB2, OUTSIDE, 0, PK_ICMP, outside, 0, true},
		    {WEB6, CLIENT6, 123, PK_UDP, client6, 123, true},
		    {WEB6, CLIENT6, 0, PK_ICMP6, client6, 0, true},
		    {WEB6, CLIENT6, 7000, PK_TCP, client6, 7000, true}};

	for (unsigned i = 0; i < FLOWS; i++) {
		unsigned k = i % SL_ARRAY_LEN(kind);

		r->flow[i] = (struct ref_flow){.client = fx_ip(kind[k].client),
					       .vip = fx_ip(kind[k].vip),
					       .cport = (uint16_t)(1000 + i),
					       .vport = kind[k].vport,
					       .proto = kind[k].proto,
					       .endpoint = kind[k].endpoint,
					       .dead = kind[k].endpoint == web ? r->dead : NULL,
					       .egress = kind[k].egress,
					       .client_at = kind[k].egress,
					       .endpoint_port = kind[k].eport};
	}
}

static uint8_t any_flags(struct run *r, const struct ref_flow *f, bool from_client)
{
	static const uint8_t usual[] = {SL_TCP_ACK, SL_TCP_ACK, SL_TCP_ACK | SL_TCP_PSH,
					SL_TCP_ACK | SL_TCP_FIN};

	if (any(r, 30) == 0)
		return (uint8_t)any(r, 64);
	if (any(r, 60) == 0)
		return SL_TCP_RST | SL_TCP_ACK;
	if (from_client && (f->state == REF_NONE || any(r, 20) == 0))
		return SL_TCP_SYN;
	if (!from_client && f->state == REF_SYN_SENT)
		return SL_TCP_SYN | SL_TCP_ACK;
	return usual[any(r, 4)];
}

static uint32_t any_len(struct run *r, bool cut)
{
	if (cut)
		return 1000 + any(r, 3000);
	switch (any(r, 4)) {
	case 0:
		return any(r, 4);
	case 1:
		return 1340 + any(r, 40); /* around what fits into the endpoints' MTU */
	default:
		return any(r, 1300);
	}
}

static struct pk any_packet(struct run *r, const struct ref_flow *f, bool from_client, bool cut)
{
	bool v4 = sl_ip_is_v4(from_client ? &f->client : &f->ep);
	struct pk p = {.src = from_client ? f->client : f->ep,
		       .dst = from_client ? f->vip : f->own,
		       .sport = from_client ? f->cport : f->eport,
		       .dport = from_client ? f->vport : f->oport,
		       .proto = f->proto,
		       .ttl = (uint8_t)(any(r, 50) ? 2 + any(r, 254) : 1),
		       .id = v4 ? (uint16_t)any(r, 65536) : 0,
		       .seq = any(r, UINT32_MAX),
		       .ack = any(r, UINT32_MAX),
		       .salt = (uint8_t)any(r, 256),
		       .len = any_len(r, cut)};

	if (pk_is_icmp(&p)) {
		p.echo = from_client ? f->cport : f->oport;
		p.echo_no = (uint16_t)any(r, 65536);
		p.type = (uint8_t)(v4 ? from_client * 8 : 129 - from_client);
		p.sport = p.dport = 0;
		p.seq = p.ack = 0;
	} else if (p.proto == PK_TCP)
		p.flags = any_flags(r, f, from_client);
	else
		p.no_csum = v4 && any(r, 8) == 0;
	if (p.len == 0)
		p.salt = 0;
	p.df = v4 && !cut && any(r, 2);
	return p;
}

/* ---- what came out ---- */

static void differs(const struct run *r, const char *why, const struct pk *want)
{
	char in[400], text[400] = "nothing";

	pk_text(&r->in, in, sizeof(in));
	if (want)
		pk_text(want, text, sizeof(text));
	fail_msg("packet %" PRIu64 ": %s\n  in:   %s\n  want: %s", r->done, why, in, text);
}

static void spoil(struct run *r, struct pk_bytes *b)
{
	if (r->broken && any(r, 4000) == 0)
		b->b[any(r, b->n)] ^= 0x10;
}

static void same_bytes(struct run *r, struct pk *want, const struct pk *got, struct pk_bytes *bytes)
{
	static struct pk_bytes wanted;

	/* Whoever cuts a packet numbers the pieces himself; and IPv6 has no such number. */
	if (got->pieces > 1 || pk_is_v4(&r->in) != pk_is_v4(got))
		want->id = got->id;
	pk_build(&wanted, want);
	spoil(r, bytes);
	for (uint32_t i = 0; i < wanted.n && i < bytes->n; i++)
		if (wanted.b[i] != bytes->b[i]) {
			char why[600], text[400];

			snprintf(why, sizeof(why), "byte %u is %02x, not %02x\n  got:  %s", i,
				 bytes->b[i], wanted.b[i], pk_text(got, text, sizeof(text)));
			differs(r, why, want);
		}
	if (wanted.n != bytes->n)
		differs(r, "what went out has another length", want);
}

static void is_reset(struct run *r, const struct pk *got)
{
	const struct pk *in = &r->in;
	uint32_t end = in->seq + in->len + !!(in->flags & SL_TCP_SYN) + !!(in->flags & SL_TCP_FIN);

	if (got->proto != PK_TCP || !(got->flags & SL_TCP_RST) || !sl_ip_eq(&got->dst, &in->src) ||
	    !sl_ip_eq(&got->src, &in->dst) || got->dport != in->sport || got->sport != in->dport)
		differs(r, "no reset for the sender", got);
	if (in->flags & SL_TCP_ACK ? got->seq != in->ack
				   : got->seq != 0 || got->ack != end || !(got->flags & SL_TCP_ACK))
		differs(r, "a reset that the sender won't take", got);
}

static void is_error(struct run *r, const struct pk *want, const struct pk *got)
{
	uint16_t sport = pk_is_icmp(&r->in) ? r->in.echo : r->in.sport;
	uint16_t dport = pk_is_icmp(&r->in) ? r->in.echo : r->in.dport;

	if (got->type != want->type || got->code != want->code || !pk_is_error(got) ||
	    !sl_ip_eq(&got->dst, &r->in.src) || !got->quoted || got->quote.sport != sport ||
	    got->quote.dport != dport || !sl_ip_eq(&got->quote.dst, &r->in.dst))
		differs(r, "another error", want);
	if (want->mtu && got->mtu != want->mtu)
		differs(r, "another MTU", want);
}

/* An error in the other family: what its quotation says, for not every byte of it is known. */
static void is_other_family(struct run *r, const struct pk *want, const struct pk *got)
{
	const struct pk_quote *w = &want->quote, *g = &got->quote;

	if (got->proto != want->proto || got->type != want->type || got->code != want->code ||
	    got->mtu != want->mtu || got->ttl != want->ttl || !sl_ip_eq(&got->src, &want->src) ||
	    !sl_ip_eq(&got->dst, &want->dst))
		differs(r, "another error", want);
	if (g->proto != w->proto || g->len != w->len || g->seq != w->seq || g->sport != w->sport ||
	    g->dport != w->dport || !sl_ip_eq(&g->src, &w->src) || !sl_ip_eq(&g->dst, &w->dst))
		differs(r, "another quotation", want);
}

static void check(struct run *r, struct ref_flow *f, enum ref_verdict v, struct pk *want, int port)
{
	static struct pk_bytes bytes[8];
	struct pk got[8];
	int at[8];
	unsigned n = box_out(r->w, got, bytes, at, 8);
	const char *bad;

	r->count[v]++;
	if (v == REF_NOTHING || (v == REF_ERROR && n == 0)) {
		if (n)
			differs(r, "something went out", &got[0]);
		return;
	}
	if (n != 1)
		differs(r, n ? "more than one packet went out" : "nothing went out", want);
	if (v == REF_RESET) {
		is_reset(r, &got[0]);
	} else if (v == REF_ERROR) {
		is_error(r, want, &got[0]);
	} else {
		if (at[0] != port)
			differs(r, "it went out on another port", want);
		if (v == REF_OPEN) {
			bad = ref_learn(f, &got[0], r->flow, FLOWS, now_s(r));
			if (bad)
				differs(r, bad, &got[0]);
			want->src = f->own;
			want->dst = f->ep;
			if (pk_is_icmp(want))
				want->echo = f->oport;
			want->sport = pk_is_icmp(want) ? 0 : f->oport;
			want->dport = f->eport;
		}
		if (got[0].quoted && pk_is_v4(&got[0]) != pk_is_v4(&r->in)) {
			is_other_family(r, want, &got[0]);
			return;
		}
		same_bytes(r, want, &got[0], &bytes[0]);
	}
}

/* ---- what goes in ---- */

static void put_cut(struct run *r, int port, const struct pk_bytes *whole)
{
	static struct pk_bytes piece[PK_PIECES];
	unsigned n = 0, order[PK_PIECES];
	bool v4 = whole->b[0] >> 4 == 4;
	uint32_t head = v4 ? 20 : 40, id = v4 ? r->in.id : any(r, UINT32_MAX);

	for (uint32_t off = 0; off < whole->n - head; n++) {
		uint32_t len = (8 + any(r, 130)) * 8;

		pk_cut(&piece[n], whole, off, len, id);
		order[n] = n;
		off += len;
	}
	for (unsigned i = 0; i < n; i++) {
		unsigned k = i + any(r, n - i), was = order[i];

		order[i] = order[k];
		order[k] = was;
		box_put(r->w, port, &piece[order[i]]);
		if (i + 1 < n && r->w->fx->n_out)
			differs(r, "something went out before the last fragment came", NULL);
	}
	r->fragmented++;
}

/*
 * Whether the ports of a flow that is over may be those of another by now: of one that is known to
 * have them, or of one that nothing was seen of yet.
 */
static bool taken_over(const struct run *r, const struct ref_flow *f)
{
	if (ref_alive(f, now_s(r)) && f->seen)
		return false;
	for (unsigned i = 0; i < FLOWS; i++) {
		const struct ref_flow *o = &r->flow[i];

		if (ref_alive(o, now_s(r)) &&
		    (!o->seen || (o != f && o->oport == f->oport && o->eport == f->eport &&
				  sl_ip_eq(&o->ep, &f->ep) && sl_ip_eq(&o->own, &f->own))))
			return true;
	}
	return false;
}

static void packet(struct run *r, struct ref_flow *f)
{
	static struct pk_bytes whole;
	bool from_client = sl_ip_is_any(&f->own) || any(r, 2);
	int at = from_client ? f->client_at : !f->client_at;
	bool cut = any(r, 12) == 0;
	enum ref_verdict v;
	struct pk want;

	f->unsure &= ref_alive(f, now_s(r));
	if (f->unsure || (!from_client && taken_over(r, f)))
		return;
	r->in = any_packet(r, f, from_client, cut);
	pk_build(&whole, &r->in);
	cut = cut && whole.n > 1200;
	r->in.pieces = cut || whole.n > 1500 ? 2 : 1;
	v = ref_translate(f, &r->in, from_client, now_s(r), at ? 1500 : 1400, &want);
	if (cut)
		put_cut(r, at, &whole);
	else if (whole.n <= 1500)
		box_put(r->w, at, &whole);
	else
		put_cut(r, at, &whole);
	check(r, f, v, &want, !at);
}

/* A router on either side complains of a packet that was translated. */
static void error(struct run *r, struct ref_flow *f)
{
	static const uint8_t kind[][2] = {{3, 0}, {3, 1}, {3, 3}, {3, 4}, {11, 0}};
	static const uint8_t kind6[][2] = {{1, 0}, {1, 3}, {1, 4}, {2, 0}, {3, 0}};
	bool forward = any(r, 2), v4 = sl_ip_is_v4(forward ? &f->ep : &f->client);
	const uint8_t *k = v4 ? kind[any(r, 5)] : kind6[any(r, 5)];
	static struct pk_bytes whole;
	struct pk want;
	enum ref_verdict v;

	/* Whom to tell is not known yet where nothing of the session was seen. */
	if (sl_ip_is_any(&f->own) || (!forward && !f->seen) || f->unsure || taken_over(r, f))
		return;
	/* Nobody complains of an answer to an echo. */
	forward |= f->proto != PK_TCP && f->proto != PK_UDP;
	r->in = (struct pk){.src = forward ? f->ep : f->client,
			    .dst = forward ? f->own : f->vip,
			    .proto = v4 ? PK_ICMP : PK_ICMP6,
			    .ttl = (uint8_t)(2 + any(r, 250)),
			    .id = v4 ? (uint16_t)any(r, 65536) : 0,
			    .type = k[0],
			    .code = k[1],
			    .mtu = v4 && k[0] == 3 && k[1] == 4 ? 1280 : 0,
			    .quoted = true,
			    .quote = {.src = forward ? f->own : f->vip,
				      .dst = forward ? f->ep : f->client,
				      .sport = forward ? f->oport : f->vport,
				      .dport = forward ? f->eport : f->cport,
				      .proto = f->proto,
				      .seq = f->proto == PK_TCP ? any(r, UINT32_MAX) : 0,
				      .len = any(r, 2) ? 8 : 8 + any(r, 40)}};
	/* Of half a checksum nothing true can be made. */
	if (f->proto == PK_TCP && r->in.quote.len == 17)
		r->in.quote.len++;
	if (f->proto != PK_TCP && f->proto != PK_UDP)
		r->in.quote.sport = r->in.quote.dport = f->oport;
	v = ref_error(f, &r->in, forward, now_s(r), &want);
	pk_build(&whole, &r->in);
	box_put(r->w, forward != f->client_at, &whole);
	r->errors++;
	check(r, f, v, &want, forward == f->client_at);
}

/* Packets that no flow knows: to a port of ours, from nobody's endpoint. */
static void stray(struct run *r)
{
	static struct pk_bytes whole;
	struct pk want = {.type = 3, .code = 3};
	bool udp = any(r, 2);

	r->in = (struct pk){.src = fx_ip(WEB1),
			    .dst = fx_ip(OWN),
			    .proto = udp ? PK_UDP : PK_TCP,
			    .ttl = 64,
			    .sport = 7,
			    .dport = (uint16_t)(SL_NAT_PORT_FIRST + any(r, SL_NAT_PORTS)),
			    .flags = (uint8_t)any(r, 64),
			    .ack = any(r, UINT32_MAX),
			    .len = any(r, 50)};
	pk_build(&whole, &r->in);
	box_put(r->w, 1, &whole);
	check(r, NULL,
	      udp                        ? REF_ERROR
	      : r->in.flags & SL_TCP_RST ? REF_NOTHING
					 : REF_RESET,
	      &want, 0);
}

/* An endpoint dies, or comes back. */
static void health(struct run *r)
{
	static const char *const web[] = {WEB1, WEB2};
	unsigned i = any(r, 2);
	struct sl_ip_port at = {fx_ip(web[i]), 8080};

	r->dead[i] = !r->dead[i];
	nw_set_health(r->w, &at, r->dead[i]);
	for (unsigned k = 0; k < FLOWS; k++)
		ref_health_changed(&r->flow[k], now_s(r));
	r->deaths += r->dead[i];
}

static void step(struct run *r)
{
	struct ref_flow *f = &r->flow[any(r, FLOWS)];
	uint32_t what = any(r, 10000);

	r->done++;
	if (what < 20)
		nw_pass_s(r->w, 1 + any(r, 4));
	else if (what < 22)
		nw_pass_s(r->w, 60 + any(r, 130));
	else if (what < 23 && ++r->restarts)
		nw_restart(r->w);
	else if (what < 33)
		health(r);
	else if (what < 1200)
		error(r, f);
	else if (what < 1400)
		stray(r);
	else
		packet(r, f);
}

static struct run run;

static void all(void **state)
{
	static struct sl_nat_egress rule[2];
	struct sl_nat_config cfg = {.egress = rule, .n_egress = 2};

	sl_prefix_parse("10.10.0.0/16", &rule[0].from, NULL);
	sl_prefix_parse("0.0.0.0/0", &rule[0].to, NULL);
	sl_prefix_parse("2001:db8:2::/64", &rule[1].from, NULL);
	run.w = nw_start_with(1024, NULL, &cfg);
	run.start_us = run.w->fx->lc.now_us;
	make_flows(&run);
	while (run.done < run.packets)
		step(&run);
	nw_stop(run.w);
}

int reference_run(uint64_t packets, uint64_t seed, bool broken)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(all, NULL)};
	int failed;

	run.packets = packets;
	run.rnd = seed;
	run.broken = broken;
	printf("seed %" PRIu64 "\n", seed);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	printf("%" PRIu64 " steps: %" PRIu64 " translated, %" PRIu64 " opened a session, %" PRIu64
	       " reset, %" PRIu64 " answered by ICMP, %" PRIu64 " silent; %" PRIu64
	       " in fragments, %" PRIu64 " ICMP errors, %" PRIu64 " restarts, %" PRIu64
	       " deaths of endpoints\n",
	       run.done, run.count[REF_SEND], run.count[REF_OPEN], run.count[REF_RESET],
	       run.count[REF_ERROR], run.count[REF_NOTHING], run.fragmented, run.errors,
	       run.restarts, run.deaths);
	printf("%d passed, %d failed\n", 1 - failed, failed);
	return failed;
}
