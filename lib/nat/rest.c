/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Source ports that rest: a connection that we forget before its endpoint does (TIME-WAIT, or ended
 * by order) would meet a new one from the same port, and stall it: an old timestamp fails PAWS.
 * Where the client's last sequence number is known, the endpoint can be told to forget it as well.
 *
 * A set of fixed size by hash; where it overflows the oldest go first, as their time is nearly up.
 */
#include <stdlib.h>

#include "nat_int.h"

#define REST_S  60u /* Linux holds TIME-WAIT so long */
#define BUCKETS 4096u
#define WAYS    8u

struct rest {
	uint32_t tag;     /* of the hash of an endpoint's tuple */
	uint32_t until_s; /* it rests; 0: the entry was never used */
	uint32_t fin_seq; /* behind the client's FIN */
	uint32_t fin_known;
};

struct nat_rest {
	struct rest entry[BUCKETS][WAYS];
};

struct nat_rest *nat_rest_create(void)
{
	return calloc(1, sizeof(struct nat_rest));
}

void nat_rest_free(struct nat_rest *r)
{
	free(r);
}

static uint32_t second(const struct sl_nat *nat)
{
	return (uint32_t)(nat->lc->now_us / 1000000);
}

static bool over(const struct sl_nat *nat, const struct rest *r)
{
	return (int32_t)(r->until_s - second(nat)) <= 0;
}

static struct rest *bucket(const struct sl_nat *nat, uint64_t hash)
{
	return nat->rest->entry[hash % BUCKETS];
}

void nat_rest_note(struct sl_nat *nat, uint32_t row)
{
	const struct sl_nat_session *s = &nat->row[row];
	const struct nat_link *link = &nat->link[row];
	struct sl_tuple back = nat_tuple(s, NAT_REPLY);
	struct rest *b;
	uint64_t hash;
	uint32_t at = 0;

	/*
	 * The endpoint holds no TIME-WAIT for what it never had or has half open (were that to
	 * rest, a flood of SYNs would use up the ports), what was reset, and what the client closed
	 * first.
	 */
	if (s->proto != IPPROTO_TCP || s->expires_us <= nat->lc->now_us ||
	    nat_is_embryonic(s->state) || s->state == SL_NAT_CLOSE ||
	    (s->state == SL_NAT_TIME_WAIT && !(s->fins & NAT_FIN_SERVED)))
		return;
	hash = nat_hash(nat, &back);
	b = bucket(nat, hash);
	for (uint32_t i = 0; i < WAYS; i++) {
		if (b[i].tag == (uint32_t)(hash >> 32)) {
			at = i;
			break;
		}
		if ((int32_t)(b[i].until_s - b[at].until_s) < 0)
			at = i;
	}
	b[at] = (struct rest){.tag = (uint32_t)(hash >> 32),
			      .until_s = second(nat) + REST_S + 1,
			      .fin_seq = link->fin_seq,
			      .fin_known = s->fins & NAT_FIN_SERVED ? link->fin_known : false};
}

bool nat_rest_has(const struct sl_nat *nat, const struct sl_tuple *back, uint64_t hash,
		  struct nat_link *fin)
{
	const struct rest *b = bucket(nat, hash);

	if (back->proto != IPPROTO_TCP)
		return false;
	for (uint32_t i = 0; i < WAYS; i++)
		if (b[i].tag == (uint32_t)(hash >> 32) && !over(nat, &b[i])) {
			*fin = (struct nat_link){.fin_seq = b[i].fin_seq,
						 .fin_known = b[i].fin_known};
			return true;
		}
	return false;
}
