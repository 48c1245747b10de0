/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Scoreboard of what the peer has selectively acknowledged (RFC 2018): ranges, and below each of
 * them a hole that knows since when it is there and how far it was sent again. When a hole counts
 * as lost is a matter of time and of what was sent later, as RACK has it (RFC 8985), but kept by
 * holes instead of by segments: they are few, and an idle connection has none.
 */
#include "internal.h"

static bool usec_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static uint32_t now_us(const struct sl_tcp_conn *c)
{
	return (uint32_t)c->tcp->lc->now_us;
}

/* First and behind the last number of hole i; above the last range it ends with what was sent. */
static uint32_t hole_left(const struct sl_tcp_conn *c, const struct loss *l, uint32_t i)
{
	return i ? l->right[i - 1] : c->snd_una;
}

static uint32_t hole_right(const struct sl_tcp_conn *c, const struct loss *l, uint32_t i)
{
	return i < l->n ? l->left[i] : c->snd_max;
}

/* Behind what is to be sent again of it: new data above what a timeout gave up is not lost. */
static uint32_t lost_right(const struct sl_tcp_conn *c, const struct loss *l, uint32_t i)
{
	uint32_t right = hole_right(c, l, i);

	return i < l->n ? right : seq_min(right, l->lost_end);
}

static bool is_lost(const struct sl_tcp_conn *c, const struct loss *l, uint32_t i)
{
	return l->hole[i].lost && seq_lt(hole_left(c, l, i), lost_right(c, l, i));
}

/* Ranges i to j - 1 become one range i; the holes between them are gone. */
static void unite(struct loss *l, uint32_t i, uint32_t j)
{
	uint32_t gone = j - i - 1;

	if (!gone)
		return;
	for (uint32_t k = i + 1; k + gone < l->n; k++) {
		l->left[k] = l->left[k + gone];
		l->right[k] = l->right[k + gone];
	}
	for (uint32_t k = i + 1; k + gone <= l->n; k++)
		l->hole[k] = l->hole[k + gone];
	l->n -= gone;
}

static void remove_first(struct loss *l)
{
	for (uint32_t k = 1; k < l->n; k++) {
		l->left[k - 1] = l->left[k];
		l->right[k - 1] = l->right[k];
	}
	for (uint32_t k = 1; k <= l->n; k++)
		l->hole[k - 1] = l->hole[k];
	l->n--;
}

/*
 * Numbers from a on in a hole arrived. If they were not sent again they had been overtaken (RFC
 * 8985 5.2, step 3); else they tell that what was sent before them should have come by now.
 */
static void arrived(struct sl_tcp_conn *c, struct loss *l, const struct hole *h, uint32_t a,
		    uint32_t high)
{
	if (!seq_lt(a, h->rxt)) {
		if (seq_lt(a, high) && !h->lost && !c->reorder)
			c->reorder = 1;
	} else if (now_us(c) - h->since_us >= path_of(c)->min_rtt_us) {
		if (!l->rxt_known || usec_before(l->rxt_us, h->since_us))
			l->rxt_us = h->since_us;
		l->rxt_known = 1;
	}
}

/* A new range at i cuts hole i in two. */
static void split(struct sl_tcp_conn *c, struct loss *l, uint32_t i, uint32_t left, uint32_t right)
{
	uint32_t low = hole_left(c, l, i);

	for (uint32_t k = l->n; k > i; k--) {
		l->left[k] = l->left[k - 1];
		l->right[k] = l->right[k - 1];
	}
	for (uint32_t k = l->n + 1; k > i; k--)
		l->hole[k] = l->hole[k - 1];
	if (i == l->n && !(l->hole[i].lost && seq_lt(low, l->lost_end))) {
		l->hole[i] = (struct hole){.rxt = low, .since_us = now_us(c)};
		l->hole[i + 1] = (struct hole){.rxt = right};
	}
	l->left[i] = left;
	l->right[i] = right;
	l->n++;
}

/* Unites [left, right) with what is there; a range more than fits is forgotten. */
static void add_range(struct sl_tcp_conn *c, struct loss *l, uint32_t left, uint32_t right,
		      uint32_t high)
{
	uint32_t i = 0, j;

	while (i < l->n && seq_lt(l->right[i], left))
		i++;
	for (j = i; j < l->n && seq_le(l->left[j], right); j++)
		if (seq_lt(seq_max(left, hole_left(c, l, j)), l->left[j]))
			arrived(c, l, &l->hole[j], seq_max(left, hole_left(c, l, j)), high);
	if (i == j) {
		if (l->n == SACK_RANGES)
			return;
		arrived(c, l, &l->hole[i], left, high);
		split(c, l, i, left, right);
		return;
	}
	if (seq_lt(l->right[j - 1], right))
		arrived(c, l, &l->hole[j], l->right[j - 1], high);
	l->left[i] = seq_min(left, l->left[i]);
	l->right[i] = seq_max(right, l->right[j - 1]);
	unite(l, i, j);
}

static uint32_t total(const struct loss *l)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < l->n; i++)
		sum += l->right[i] - l->left[i];
	return sum;
}

static uint32_t high_of(const struct sl_tcp_conn *c, const struct loss *l)
{
	return l->n ? l->right[l->n - 1] : c->snd_una;
}

uint32_t tcp_sack_update(struct sl_tcp_conn *c, const struct seg *s)
{
	uint32_t una = seq_max(c->snd_una, s->ack), before, high;
	struct loss *l = tcp_conn_loss(c);

	before = l ? l->sacked_bytes : 0;
	high = l ? high_of(c, l) : c->snd_una;
	for (uint32_t i = 0; i < s->o.n_sack; i++) {
		uint32_t left = s->o.sack[i][0], right = s->o.sack[i][1];

		/* Below una it is a DSACK (RFC 2883) or old; beyond snd_max it is a lie. */
		if (!seq_lt(left, right) || seq_lt(left, una) || seq_lt(c->snd_max, right))
			continue;
		if (!l)
			l = tcp_conn_loss_get(c);
		if (!l)
			return 0;
		add_range(c, l, left, right, high);
	}
	if (!l)
		return 0;
	l->sacked_bytes = total(l);
	return l->sacked_bytes > before ? l->sacked_bytes - before : 0;
}

uint32_t tcp_sack_ack(struct sl_tcp_conn *c, uint32_t from)
{
	struct loss *l = tcp_conn_loss(c);
	uint32_t before, high;

	if (!l)
		return 0;
	before = l->sacked_bytes;
	high = l->n ? l->right[l->n - 1] : from;
	while (l->n && seq_le(l->right[0], c->snd_una)) {
		if (seq_lt(from, l->left[0]))
			arrived(c, l, &l->hole[0], from, high);
		from = l->right[0];
		remove_first(l);
	}
	if (seq_lt(from, c->snd_una) && (!l->n || seq_lt(from, l->left[0])))
		arrived(c, l, &l->hole[0], from, high);
	if (l->n && seq_lt(l->left[0], c->snd_una))
		l->left[0] = c->snd_una;
	l->sacked_bytes = total(l);
	before -= l->sacked_bytes;
	if (!l->n && !(c->flags & (F_RECOVERY | F_LOSS)))
		tcp_conn_loss_put(c);
	return before;
}

uint32_t tcp_sack_below(const struct sl_tcp_conn *c, uint32_t seq)
{
	const struct loss *l = tcp_conn_loss(c);
	uint32_t sum = 0;

	for (uint32_t i = 0; l && i < l->n && seq_lt(l->left[i], seq); i++)
		sum += seq_min(l->right[i], seq) - l->left[i];
	return sum;
}

/* Something that was sent later than the hole was sent again has arrived. */
static bool overtaken(const struct loss *l, const struct hole *h)
{
	return (l->n && seq_lt(h->sent_max, l->right[l->n - 1])) ||
	       (l->rxt_known && usec_before(h->since_us, l->rxt_us));
}

bool tcp_sack_detect(struct sl_tcp_conn *c, uint32_t wait_us, uint32_t rtt_us)
{
	struct loss *l = tcp_conn_loss(c);
	uint32_t due = UINT32_MAX;
	bool any = false;

	for (uint32_t i = 0; i <= l->n; i++) {
		struct hole *h = &l->hole[i];
		uint32_t passed = now_us(c) - h->since_us, need = wait_us;

		if (h->lost && !is_lost(c, l, i))
			h->lost = 0;
		if (i == l->n && !h->lost)
			break;
		any |= h->lost;
		if (h->lost) {
			if (!seq_lt(hole_left(c, l, i), h->rxt) || !overtaken(l, h))
				continue;
			need += rtt_us;
		}
		if (passed < need) {
			due = SL_MIN(due, need - passed);
			continue;
		}
		h->lost = any = true;
		h->rxt = hole_left(c, l, i);
	}
	l->due_us = due;
	return any;
}

void tcp_sack_lose_all(struct sl_tcp_conn *c)
{
	struct loss *l = tcp_conn_loss(c);

	for (uint32_t i = 0; i <= l->n; i++) {
		l->hole[i].lost = 1;
		l->hole[i].rxt = hole_left(c, l, i);
	}
	l->lost_end = c->snd_max;
	l->rxt_known = 0;
	l->due_us = UINT32_MAX;
}

void tcp_sack_lose_none(struct sl_tcp_conn *c)
{
	struct loss *l = tcp_conn_loss(c);

	for (uint32_t i = 0; i <= l->n; i++) {
		l->hole[i].lost = 0;
		l->hole[i].since_us = now_us(c);
	}
	l->lost_end = c->snd_una;
}

uint32_t tcp_sack_pipe(const struct sl_tcp_conn *c)
{
	const struct loss *l = tcp_conn_loss(c);
	uint32_t pipe = 0;

	for (uint32_t i = 0; l && i <= l->n; i++) {
		uint32_t left = hole_left(c, l, i), right = hole_right(c, l, i);

		pipe += right - left;
		if (!is_lost(c, l, i))
			continue;
		/* Lost, and not sent again yet. */
		left = seq_max(left, l->hole[i].rxt);
		right = lost_right(c, l, i);
		if (seq_lt(left, right))
			pipe -= right - left;
	}
	return pipe;
}

/* A segment was sent again: the hole it lies in is that far filled, as far as we can. */
void tcp_sack_resent(struct sl_tcp_conn *c, uint32_t seq, uint32_t end)
{
	struct loss *l = tcp_conn_loss(c);

	for (uint32_t i = 0; i <= l->n; i++) {
		if (!seq_lt(seq, hole_right(c, l, i)))
			continue;
		l->hole[i].rxt = seq_max(l->hole[i].rxt, end);
		l->hole[i].since_us = now_us(c);
		l->hole[i].sent_max = c->snd_max;
		return;
	}
}

bool tcp_sack_next(const struct sl_tcp_conn *c, uint32_t *seq, uint32_t *len)
{
	const struct loss *l = tcp_conn_loss(c);

	for (uint32_t i = 0; i <= l->n; i++) {
		uint32_t from = seq_max(hole_left(c, l, i), l->hole[i].rxt);
		uint32_t right = lost_right(c, l, i);

		if (!is_lost(c, l, i) || !seq_lt(from, right))
			continue;
		*seq = from;
		*len = SL_MIN(right - from, eff_mss(c));
		return true;
	}
	return false;
}

bool tcp_sack_rescue(const struct sl_tcp_conn *c, uint32_t *seq, uint32_t *len)
{
	struct loss *l = tcp_conn_loss(c);
	uint32_t end = high_of(c, l);

	if (l->rescue_used || !l->n || !seq_lt(end, c->snd_max))
		return false;
	l->rescue_used = 1;
	*len = SL_MIN(c->snd_max - end, eff_mss(c));
	*seq = c->snd_max - *len;
	return true;
}
