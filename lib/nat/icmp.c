/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP errors about packets of a session, translated to the end that sent the packet. */
#include "nat_int.h"

static struct sl_tuple reversed(const struct sl_tuple *t)
{
	return (struct sl_tuple){t->dst, t->src, t->dport, t->sport, t->proto};
}

static uint32_t find(struct sl_nat *nat, const struct sl_tuple *t, enum nat_dir dir)
{
	return nat_find(nat, t, dir, nat_hash(nat, t));
}

static void forward_error(struct sl_nat *nat, struct rte_mbuf *m, const struct sl_icmp_error *e,
			  const struct sl_tuple *inner, const struct sl_ip *src,
			  const struct sl_ip *dst)
{
	if (sl_ip_is_v4(dst) != (e->family == 4))
		nat64_error(nat, m, e, inner, src, dst);
	else if (nat_rewrite_quoted(m, e, inner, src, dst))
		sl_ip_forward(nat->nl, m);
	else
		sl_drop(nat->lc, m, SL_DROP_ICMP_BAD);
}

bool sl_nat_icmp_error(struct sl_nat *nat, struct rte_mbuf *m, const struct sl_icmp_error *e)
{
	/* The quoted packet was ours, so an answer to it would look like this. */
	struct sl_tuple answer = reversed(&e->inner), inner;
	const struct sl_nat_session *s;
	struct sl_ip src;
	uint32_t row;

	if (e->inner.proto != IPPROTO_TCP && e->inner.proto != IPPROTO_UDP &&
	    !nat_is_icmp(e->inner.proto))
		return false;
	row = find(nat, &answer, NAT_REPLY);
	if (row != NAT_NONE) {
		/*
		 * About a packet to the endpoint: the client is told, by the service; who speaks to
		 * the outside may hear from every router there.
		 */
		s = &nat->row[row];
		inner = nat_tuple(s, NAT_FORWARD);
		src = s->egress ? sl_pkt(m)->src : s->vip;
		forward_error(nat, m, e, &inner, &src, &s->client);
		return true;
	}
	row = find(nat, &answer, NAT_FORWARD);
	if (row == NAT_NONE)
		return false;
	/* About a packet to the client: the endpoint is told, by us. */
	s = &nat->row[row];
	inner = nat_tuple(s, NAT_REPLY);
	forward_error(nat, m, e, &inner, &s->own, &s->endpoint);
	return true;
}
