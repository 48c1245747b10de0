/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP errors about our segments: path MTU, refused handshakes; checked as RFC 5927 says. */
#include "internal.h"

enum { V4_UNREACHABLE = 3, V4_TOO_BIG = 4, V6_UNREACHABLE = 1, V6_TOO_BIG = 2 };

/* RFC 1191 7.1: for routers that don't say their MTU. */
static uint16_t plateau_below(uint16_t mtu)
{
	static const uint16_t plateaus[] = {8166, 4352, 2002, 1492, 1006, 576};

	for (unsigned i = 0; i < SL_ARRAY_LEN(plateaus); i++)
		if (plateaus[i] < mtu)
			return plateaus[i];
	return 576;
}

static void too_big(struct sl_tcp_conn *c, uint16_t mtu)
{
	uint16_t least = c->flags & F_V6 ? 1280 : 576;

	if (!mtu)
		mtu = plateau_below(c->mtu);
	mtu = SL_MAX(mtu, least);
	if (mtu >= c->mtu)
		return;
	tcp_conn_set_mtu(c, mtu);
	if (c->state < ST_ESTABLISHED || c->snd_una == c->snd_max)
		return;
	/* RFC 1191 6.5: what was too big is sent again, and that is not congestion. */
	tcp_recovery_resend(c);
	c->cwnd = SL_MAX(c->cwnd, 2u * c->mss);
	tcp_conn_touch(c);
}

bool sl_tcp_icmp_error(struct sl_tcp *tcp, const struct sl_icmp_error *e)
{
	struct key k = {&e->inner.src, &e->inner.dst, e->inner.sport, e->inner.dport};
	struct sl_tcp_conn *c;
	bool v6 = e->family == 6, big;
	uint32_t row;

	if (e->inner.proto != IPPROTO_TCP)
		return false;
	tcp_clock(tcp);
	row = tcp_index_find(tcp, tcp_key_hash(tcp, &k), &k);
	if (row == SL_FLOW_NONE)
		return false;
	if (row >= tcp->cfg.conns_max)
		return true;
	c = &tcp->conns[row];
	/* RFC 5927 4.1: only about what is in flight. */
	if (seq_lt(e->inner_seq, c->snd_una) || !seq_lt(e->inner_seq, c->snd_max))
		return true;
	big = v6 ? e->type == V6_TOO_BIG : e->type == V4_UNREACHABLE && e->code == V4_TOO_BIG;
	if (big)
		too_big(c, e->mtu);
	else if (c->state == ST_SYN_SENT && e->type == (v6 ? V6_UNREACHABLE : V4_UNREACHABLE))
		tcp_conn_end(c, SL_TCP_END_ICMP); /* RFC 5461 4.1: another endpoint may do better */
	return true;
}
