/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Egress: hosts of the cluster side reach the outside from our addresses. A session's vip is its
 * endpoint; only the source is translated.
 */
#include "nat_int.h"

const struct sl_nat_egress *nat_egress_find(const struct sl_nat *nat, const struct sl_tuple *t)
{
	for (uint16_t i = 0; i < nat->n_egress; i++) {
		const struct sl_nat_egress *e = &nat->egress[i];

		/* What hosts of one side say to each other is none of our business. */
		if (sl_prefix_contains(&e->from, &t->src) && sl_prefix_contains(&e->to, &t->dst) &&
		    !sl_prefix_contains(&e->from, &t->dst))
			return e;
	}
	return NULL;
}

/*
 * The address a client has outside: always the same while that has ports (RFC 4787 4.1), so that a
 * server sees one host.
 */
static bool choose_own(struct sl_nat *nat, const struct sl_nat_egress *rule,
		       struct sl_nat_session *s)
{
	struct sl_hash_key same = {0, 0};

	if (rule->n_snat == 0)
		return nat_choose_port(nat, s, nat->snat, nat->n_snat);
	s->own = rule->snat[sl_siphash(&same, s->client.b, sizeof(s->client.b)) % rule->n_snat];
	return nat_choose_port(nat, s, rule->snat, rule->n_snat);
}

uint32_t nat_egress_open(struct sl_nat *nat, const struct sl_nat_egress *rule,
			 const struct sl_tuple *t, enum sl_drop *why)
{
	struct sl_nat_session s = {.client = t->src,
				   .vip = t->dst,
				   .endpoint = t->dst,
				   .cport = t->sport,
				   .vport = t->dport,
				   .eport = t->dport,
				   .proto = t->proto,
				   .egress = 1,
				   .state = SL_NAT_ICMP,
				   .service_slot = UINT32_MAX,
				   .endpoint_slot = UINT32_MAX,
				   .epoch = (uint32_t)nat->lc->snap->epoch,
				   .health = nat->health};

	if (t->proto == IPPROTO_TCP)
		s.state = SL_NAT_SYN_SENT;
	else if (t->proto == IPPROTO_UDP)
		s.state = SL_NAT_UDP;
	*why = SL_DROP_IP_NO_ROUTE;
	if (!sl_net_source(nat->net, &t->dst, &s.own, NULL))
		return NAT_NONE;
	*why = SL_DROP_NAT_NO_PORT;
	if (!choose_own(nat, rule, &s))
		return NAT_NONE;
	*why = SL_DROP_NAT_TABLE_FULL;
	return nat_insert(nat, &s);
}
