/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Source ports that rest: a connection that we forget before its endpoint does (TIME-WAIT, or ended
 * by order) would meet a new one from the same port, and stall it: an old timestamp fails PAWS.
 *
 * A set of fixed size by hash; where it overflows the oldest go first, as their time is nearly up.
 */
#include <stdlib.h>

#include "nat_int.h"

#define REST_US 60000000u /* Linux holds TIME-WAIT so long */
#define BUCKETS 2048u
#define WAYS    8u
#define TICK_US 1000000u

/* 40 bits of the hash of an endpoint's tuple, 24 of the second until which it rests. */
struct nat_rest {
	uint64_t entry[BUCKETS][WAYS];
};

struct nat_rest *nat_rest_create(void)
{
	return calloc(1, sizeof(struct nat_rest));
}

void nat_rest_free(struct nat_rest *r)
{
	free(r);
}

static uint32_t second(uint64_t us)
{
	return (uint32_t)(us / TICK_US) & 0xffffff;
}

static bool over(const struct sl_nat *nat, uint64_t entry)
{
	uint32_t left = ((uint32_t)entry - second(nat->lc->now_us)) & 0xffffff;

	return left == 0 || left > REST_US / TICK_US + 1;
}

void nat_rest_note(struct sl_nat *nat, const struct sl_nat_session *s)
{
	struct sl_tuple back = nat_tuple(s, NAT_REPLY);
	uint64_t hash, *b;
	uint32_t at = 0;

	/*
	 * Unanswered and half-open ones the endpoint holds no TIME-WAIT for: were they to rest, a
	 * flood of SYNs would use up the ports. A reset ends both sides.
	 */
	if (s->proto != IPPROTO_TCP || s->expires_us <= nat->lc->now_us ||
	    nat_is_embryonic(s->state) || s->state == SL_NAT_CLOSE)
		return;
	hash = nat_hash(nat, &back);
	b = nat->rest->entry[hash % BUCKETS];
	for (uint32_t i = 0; i < WAYS; i++) {
		if (b[i] == 0 || over(nat, b[i])) {
			at = i;
			break;
		}
		if ((uint32_t)(b[i] - b[at]) & 0x800000)
			at = i;
	}
	b[at] = (hash & ~UINT64_C(0xffffff)) | second(nat->lc->now_us + REST_US + TICK_US);
}

bool nat_rest_has(const struct sl_nat *nat, const struct sl_tuple *back, uint64_t hash)
{
	const uint64_t *b = nat->rest->entry[hash % BUCKETS];

	if (back->proto != IPPROTO_TCP)
		return false;
	for (uint32_t i = 0; i < WAYS; i++)
		if (b[i] && (b[i] ^ hash) >> 24 == 0 && !over(nat, b[i]))
			return true;
	return false;
}
