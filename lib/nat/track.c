/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP and UDP states of a session, as far as they decide how long it may live. */
#include "nat_int.h"

static void track_udp(struct sl_nat *nat, uint32_t row, enum nat_dir dir)
{
	if (dir == NAT_REPLY && nat->row[row].state == SL_NAT_UDP)
		nat_set_state(nat, row, SL_NAT_UDP_STREAM);
	else
		nat_touch(nat, row);
}

/* The state behind a segment; SL_NAT_FREE: as it was. */
static enum sl_nat_state next_state(const struct sl_nat_session *s, uint8_t flags, enum nat_dir dir)
{
	uint8_t syn_ack = flags & (SL_TCP_SYN | SL_TCP_ACK);

	if (flags & SL_TCP_RST)
		return SL_NAT_CLOSE;
	switch (s->state) {
	case SL_NAT_SYN_SENT:
		if (dir == NAT_REPLY && syn_ack == (SL_TCP_SYN | SL_TCP_ACK))
			return SL_NAT_SYN_RECV;
		break;
	case SL_NAT_SYN_RECV:
		if (dir == NAT_FORWARD && syn_ack == SL_TCP_ACK)
			return s->fins ? SL_NAT_FIN : SL_NAT_ESTABLISHED;
		break;
	case SL_NAT_ESTABLISHED:
		if (s->fins)
			return SL_NAT_FIN;
		break;
	case SL_NAT_FIN:
		if ((s->fins & NAT_FIN_BOTH) == NAT_FIN_BOTH)
			return SL_NAT_TIME_WAIT;
		break;
	case SL_NAT_CLOSE:
		/* The end it was meant for did not take the RST: it talks on. */
		if (syn_ack == SL_TCP_ACK)
			return s->fins ? SL_NAT_FIN : SL_NAT_ESTABLISHED;
		break;
	default:
		break;
	}
	return SL_NAT_FREE;
}

/*
 * A FIN is noted. Of the client's its end, in the link of a session that was answered; of the
 * endpoint's whether it comes in answer to the client's: if not, the endpoint ends in TIME-WAIT.
 */
static void note_fin(struct sl_nat *nat, uint32_t row, struct rte_mbuf *m, enum nat_dir dir)
{
	struct sl_nat_session *s = &nat->row[row];
	const struct sl_tcp_hdr *h = nat_tcp(m);
	const struct sl_pkt *p = sl_pkt(m);
	struct nat_link *link = &nat->link[row];

	if (dir == NAT_FORWARD && !nat_is_embryonic(s->state))
		*link = (struct nat_link){.fin_seq = ntohl(h->seq_be) + 1 +
						     (uint32_t)(p->l4 + p->l4_len - p->payload),
					  .fin_known = true};
	if (dir == NAT_REPLY && !(s->fins & 1u << dir) &&
	    (nat_is_embryonic(s->state) || !link->fin_known || ntohl(h->ack_be) != link->fin_seq))
		s->fins |= NAT_FIN_SERVED;
	s->fins |= (uint8_t)(1u << dir);
}

void nat_track(struct sl_nat *nat, uint32_t row, struct rte_mbuf *m, enum nat_dir dir)
{
	struct sl_nat_session *s = &nat->row[row];
	enum sl_nat_state next;
	uint8_t flags;

	if (s->proto != IPPROTO_TCP) {
		track_udp(nat, row, dir);
		return;
	}
	flags = nat_tcp(m)->flags;
	if (flags & SL_TCP_FIN)
		note_fin(nat, row, m, dir);
	next = next_state(s, flags, dir);
	if (next != SL_NAT_FREE && next != s->state)
		nat_set_state(nat, row, next);
	else if (s->state != SL_NAT_CLOSE && s->state != SL_NAT_TIME_WAIT &&
		 s->state != SL_NAT_SYN_SENT)
		nat_touch(nat, row);
}
