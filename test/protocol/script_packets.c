/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines "<" and ">" of a case: packets that come in, and packets that are expected. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "script_int.h"

/* What a packet line says; fields not said are not compared. */
struct line {
	struct pkt_tcp t;
	bool win_said, ack_said, opts_said, more;
	uint16_t urg;
	uint8_t opts[64];
	bool ts_any_val, ts_said;
	uint32_t ts_val, ts_ecr;
};

static uint8_t flags_of(const char *w)
{
	static const char letters[] = "FSRP.UEW";
	uint8_t flags = 0;

	for (; *w; w++) {
		const char *p = strchr(letters, *w);

		if (p)
			flags |= (uint8_t)(1u << (p - letters));
	}
	return flags;
}

static void put(struct line *l, unsigned n, ...)
{
	va_list ap;

	va_start(ap, n);
	while (n--)
		l->opts[l->t.opts_len++] = (uint8_t)va_arg(ap, int);
	va_end(ap);
}

static void put32(struct line *l, uint32_t v)
{
	sl_store32(l->opts + l->t.opts_len, v);
	l->t.opts_len += 4;
}

/* Options of a packet to inject, or (out) what is expected; "ecr" is relative to our first TSval.
 */
static int options(struct script *s, struct line *l, bool out)
{
	l->opts_said = true;
	while (!script_take(s, ">")) {
		if (s->at >= s->n)
			return script_bad(s, "option list has no '>'");
		if (script_take(s, "mss")) {
			uint32_t mss = script_number(s);

			put(l, 4, 2, 4, (int)(mss >> 8), (int)(mss & 255));
		} else if (script_take(s, "wscale")) {
			put(l, 3, 3, 3, (int)script_number(s));
		} else if (script_take(s, "sackOK")) {
			put(l, 2, 4, 2);
		} else if (script_take(s, "nop")) {
			put(l, 1, 1);
		} else if (script_take(s, "eol")) {
			put(l, 1, 0);
		} else if (script_take(s, "TS")) {
			l->ts_said = true;
			l->ts_any_val = strcmp(script_peek(s), "*") == 0;
			l->ts_val = script_number(s);
			l->ts_ecr = script_number(s);
			put(l, 2, 8, 10);
			put32(l, l->ts_val);
			put32(l, out ? l->ts_ecr : l->ts_ecr + s->flow->ts_base);
		} else if (script_take(s, "sack")) {
			unsigned at = l->t.opts_len, blocks = 0;
			uint32_t base = out ? s->flow->irs : s->flow->iss;

			put(l, 2, 5, 2);
			while (strchr(script_peek(s), ':')) {
				char *end;

				put32(l, base + (uint32_t)strtoul(script_next(s), &end, 0));
				put32(l, base + (uint32_t)strtoul(end + 1, NULL, 0));
				blocks++;
			}
			l->opts[at + 1] = (uint8_t)(2 + 8 * blocks);
		} else if (script_take(s, "raw")) {
			put(l, 1, (int)script_number(s));
		} else {
			return script_bad(s, "option \"%s\" is unknown", script_peek(s));
		}
	}
	while (!out && l->t.opts_len % 4)
		put(l, 1, 1);
	return 0;
}

/* "FLAGS SEQ:END(LEN) [ack N] [win N] [urg N] [< options >]", script numbers. */
static int packet(struct script *s, struct line *l, bool out)
{
	char *end;
	uint32_t from, to;

	memset(l, 0, sizeof(*l));
	l->t.flags = flags_of(script_next(s));
	from = (uint32_t)strtoul(script_next(s), &end, 0);
	if (*end != ':')
		return script_bad(s, "expected SEQ:END(LEN)");
	to = (uint32_t)strtoul(end + 1, &end, 0);
	l->t.seq = from;
	l->t.len = (uint16_t)strtoul(end + (*end == '('), NULL, 0);
	if (to - from != l->t.len)
		return script_bad(s, "sequence numbers and length disagree");
	l->t.win = 65535;
	while (s->at < s->n) {
		if (script_take(s, "ack")) {
			l->ack_said = true;
			l->t.ack = script_number(s);
		} else if (script_take(s, "win")) {
			l->win_said = true;
			l->t.win = (uint16_t)script_number(s);
		} else if (script_take(s, "urg")) {
			l->urg = (uint16_t)script_number(s);
		} else if (script_take(s, "<")) {
			if (options(s, l, out) < 0)
				return -1;
		} else {
			return script_bad(s, "\"%s\" is not understood", script_peek(s));
		}
	}
	return 0;
}

int script_quiet(struct script *s)
{
	struct sent *p = world_next_sent(&s->w);
	struct pkt_tcp t;
	struct flow *f;

	if (s->w.bad)
		return script_bad(s, "sent a bad packet: %s", s->w.bad);
	if (!p)
		return 0;
	(void)pkt_parse(p->bytes, p->len, &t);
	f = world_flow_of(&s->w, &t);
	return script_bad(s, "unexpected packet at %.3f: flags 0x%02x seq %u len %u ack %u win %u",
			  (double)p->at / 1e6, t.flags, t.seq - (f ? f->iss : 0), t.len,
			  t.ack - (f ? f->irs : 0), t.win);
}

int script_in(struct script *s)
{
	bool more = script_take(s, "+");
	struct line l;
	static uint8_t payload[PKT_MAX];

	if (packet(s, &l, false) < 0 || script_quiet(s) < 0)
		return -1;
	for (uint32_t i = 0; i < l.t.len; i++)
		payload[i] = world_byte(l.t.seq - 1 + i);
	l.t.src = s->w.peer;
	l.t.dst = s->w.ours;
	l.t.sport = s->flow->peer_port;
	l.t.dport = s->flow->our_port;
	l.t.seq += s->flow->irs;
	if (l.t.flags & SL_TCP_ACK)
		l.t.ack += s->flow->iss;
	l.t.opts = l.opts;
	l.t.payload = payload;
	world_inject(&s->w, &l.t, more);
	return 0;
}

/* Option of this kind, or NULL. */
static const uint8_t *find_option(const uint8_t *p, uint32_t n, uint8_t kind)
{
	while (n && *p) {
		uint32_t len = *p == 1 ? 1 : n > 1 ? p[1] : 0;

		if (*p == kind)
			return p;
		if (!len || len > n)
			return NULL;
		p += len;
		n -= len;
	}
	return NULL;
}

static int compare_options(struct script *s, const struct line *l, const struct pkt_tcp *t)
{
	for (uint8_t kind = 2; kind <= 8; kind++) {
		const uint8_t *want = find_option(l->opts, l->t.opts_len, kind);
		const uint8_t *got = find_option(t->opts, t->opts_len, kind);

		if (!want != !got)
			return script_bad(s, "option %u %s", kind,
					  got ? "is unexpected" : "is missing");
		if (!want)
			continue;
		if (kind == 8) {
			uint32_t val = sl_load32(got + 2) - s->flow->ts_base;

			if (!l->ts_any_val && val != l->ts_val)
				return script_bad(s, "timestamp is %u, expected %u", val,
						  l->ts_val);
			if (sl_load32(got + 6) != l->ts_ecr)
				return script_bad(s, "timestamp echo is %u, expected %u",
						  sl_load32(got + 6), l->ts_ecr);
		} else if (got[1] != want[1] || memcmp(got, want, got[1]) != 0) {
			if (kind == 5)
				return script_bad(s, "SACK has %u blocks, first %u:%u",
						  (got[1] - 2u) / 8,
						  sl_load32(got + 2) - s->flow->irs,
						  sl_load32(got + 6) - s->flow->irs);
			return script_bad(s, "option %u is %u, expected %u", kind,
					  got[1] > 3 ? sl_load16(got + 2) : got[2],
					  got[1] > 3 ? sl_load16(want + 2) : want[2]);
		}
	}
	return 0;
}

/* Learns what script numbers are relative to, from the first SYN of ours. */
static void learn(struct script *s, const struct pkt_tcp *t)
{
	const uint8_t *ts = find_option(t->opts, t->opts_len, 8);

	if (!s->flow->iss_known && t->flags & SL_TCP_SYN) {
		s->flow->iss = t->seq;
		s->flow->iss_known = true;
	}
	if (ts && !s->flow->ts_known) {
		s->flow->ts_base = sl_load32(ts + 2);
		s->flow->ts_known = true;
	}
}

static int compare(struct script *s, const struct line *l, const struct pkt_tcp *t)
{
	uint32_t seq = t->seq - s->flow->iss, ack = t->ack - s->flow->irs;
	uint8_t mask = l->t.flags & SL_TCP_PSH ? 0xff : (uint8_t)~SL_TCP_PSH;

	if (t->dport != s->flow->peer_port || t->sport != s->flow->our_port)
		return script_bad(s, "packet is of another flow: port %u to %u", t->sport,
				  t->dport);
	if (!sl_ip_eq(&t->dst, &s->w.peer) || !sl_ip_eq(&t->src, &s->w.ours))
		return script_bad(s, "packet has other addresses");
	if ((t->flags & mask) != (l->t.flags & mask) || seq != l->t.seq || t->len != l->t.len)
		return script_bad(
			s, "got flags 0x%02x %u:%u(%u) ack %u, expected flags 0x%02x %u:%u(%u)",
			t->flags, seq, seq + t->len, t->len, ack, l->t.flags, l->t.seq,
			l->t.seq + l->t.len, l->t.len);
	if (l->ack_said && ack != l->t.ack)
		return script_bad(s, "ack is %u, expected %u", ack, l->t.ack);
	if (l->win_said && t->win != l->t.win)
		return script_bad(s, "window is %u, expected %u", t->win, l->t.win);
	for (uint32_t i = 0; i < t->len; i++)
		if (t->payload[i] != world_byte(seq - 1 + i))
			return script_bad(s, "payload is wrong from byte %u on", i);
	return l->opts_said ? compare_options(s, l, t) : 0;
}

int script_out(struct script *s)
{
	struct line l;
	struct sent *p;
	struct pkt_tcp t;

	if (packet(s, &l, true) < 0)
		return -1;
	if (!world_next_sent(&s->w))
		world_run(&s->w, s->at_max + TOLERANCE, true);
	p = world_next_sent(&s->w);
	if (s->w.bad)
		return script_bad(s, "sent a bad packet: %s", s->w.bad);
	if (!p)
		return script_bad(s, "no packet up to %.3f", (double)s->at_max / 1e6);
	if (p->at + TOLERANCE < s->now || p->at > s->at_max + TOLERANCE)
		return script_bad(s, "packet came at %.3f", (double)p->at / 1e6);
	(void)pkt_parse(p->bytes, p->len, &t);
	if (t.flags & SL_TCP_SYN && !(t.flags & SL_TCP_ACK) && !s->flow->iss_known)
		s->flow->our_port = t.sport;
	learn(s, &t);
	if (compare(s, &l, &t) < 0)
		return -1;
	world_pop_sent(&s->w);
	return 0;
}
