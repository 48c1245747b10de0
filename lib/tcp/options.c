/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP options: parsed from received segments, written into ours. */
#include "internal.h"

enum { OPT_END, OPT_NOP, OPT_MSS, OPT_WSCALE, OPT_SACK_OK, OPT_SACK, OPT_TS = 8 };

static void parse_sack(const uint8_t *p, uint32_t len, struct opts *o)
{
	if (len < 10 || (len - 2) % 8)
		return;
	for (uint32_t i = 2; i + 8 <= len && o->n_sack < SACK_MAX; i += 8) {
		o->sack[o->n_sack][0] = sl_load32(p + i);
		o->sack[o->n_sack][1] = sl_load32(p + i + 4);
		o->n_sack++;
	}
}

static void parse_one(const uint8_t *p, uint32_t len, struct opts *o)
{
	switch (p[0]) {
	case OPT_MSS:
		if (len == 4)
			o->mss = sl_load16(p + 2);
		break;
	case OPT_WSCALE: /* RFC 7323 2.3: above 14 counts as 14 */
		if (len == 3)
			o->wscale = SL_MIN(p[2], WSCALE_MAX);
		break;
	case OPT_SACK_OK:
		if (len == 2)
			o->sack_ok = true;
		break;
	case OPT_SACK:
		parse_sack(p, len, o);
		break;
	case OPT_TS:
		if (len == 10) {
			o->has_ts = true;
			o->tsval = sl_load32(p + 2);
			o->tsecr = sl_load32(p + 6);
		}
		break;
	default: /* RFC 9293 3.1: others are passed over */
		break;
	}
}

void tcp_opts_parse(const uint8_t *p, uint32_t len, struct opts *o)
{
	/* What nearly every segment has: NOP, NOP, timestamp (RFC 7323 appendix A). */
	o->has_ts = false;
	o->sack_ok = false;
	o->wscale = WSCALE_NONE;
	o->n_sack = 0;
	o->mss = 0;
	if (len == 12 && sl_load32(p) == 0x0101080a) {
		parse_one(p + 2, 10, o);
		return;
	}
	while (len > 0 && p[0] != OPT_END) {
		uint32_t n = 1;

		if (p[0] != OPT_NOP) {
			/* RFC 9293 3.1 (MUST-7): an impossible length ends the list. */
			if (len < 2 || p[1] < 2 || p[1] > len)
				return;
			n = p[1];
			parse_one(p, n, o);
		}
		p += n;
		len -= n;
	}
}

uint32_t tcp_opts_ts(uint8_t *p, uint32_t tsval, uint32_t tsecr)
{
	sl_store32(p, 0x0101080a);
	sl_store32(p + 4, tsval);
	sl_store32(p + 8, tsecr);
	return 12;
}

uint32_t tcp_opts_syn(uint8_t *p, uint16_t mss, uint8_t wscale, uint32_t opts, uint32_t tsval,
		      uint32_t tsecr)
{
	uint32_t n = 4;

	p[0] = OPT_MSS;
	p[1] = 4;
	sl_store16(p + 2, mss);
	if (opts & F_SACK) {
		sl_store32(p + n, 0x01010402);
		n += 4;
	}
	if (opts & F_TS)
		n += tcp_opts_ts(p + n, tsval, tsecr);
	if (wscale != WSCALE_NONE) {
		sl_store32(p + n, 0x01030300u | wscale);
		n += 4;
	}
	return n;
}

uint32_t tcp_opts_ack(uint8_t *p, struct sl_tcp_conn *c)
{
	uint32_t blocks[SACK_MAX][2], n = 0, k = 0, max;

	if (c->flags & F_TS)
		n = tcp_opts_ts(p, ts_now(c), c->ts_recent);
	if (!(c->flags & F_SACK) || (!c->ooo && !(c->flags & F_DSACK)))
		return n;
	max = c->flags & F_TS ? 3 : 4;
	if (c->flags & F_DSACK) { /* RFC 2883 4: the duplicate comes first, once */
		blocks[0][0] = c->dsack_left;
		blocks[0][1] = c->dsack_right;
		k = 1;
		c->flags &= ~F_DSACK;
	}
	k += tcp_reass_blocks(c, blocks + k, max - k);
	sl_store16(p + n, 0x0101);
	p[n + 2] = OPT_SACK;
	p[n + 3] = (uint8_t)(2 + 8 * k);
	n += 4;
	for (uint32_t i = 0; i < k; i++, n += 8) {
		sl_store32(p + n, blocks[i][0]);
		sl_store32(p + n + 4, blocks[i][1]);
	}
	return n;
}
