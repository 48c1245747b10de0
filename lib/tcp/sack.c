/* SPDX-License-Identifier: BSD-3-Clause */
/* Scoreboard of what the peer has selectively acknowledged (RFC 2018, RFC 6675). */
#include "internal.h"

static void remove_range(struct loss *l, uint32_t i)
{
	l->n--;
	for (; i < l->n; i++) {
		l->left[i] = l->left[i + 1];
		l->right[i] = l->right[i + 1];
	}
}

static uint32_t total(const struct loss *l)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < l->n; i++)
		sum += l->right[i] - l->left[i];
	return sum;
}

/* Unites [left, right) with what is there; a range more than fits is forgotten. */
static void add_range(struct loss *l, uint32_t left, uint32_t right)
{
	uint32_t i = 0;

	while (i < l->n && seq_lt(l->right[i], left))
		i++;
	while (i < l->n && seq_le(l->left[i], right)) {
		left = seq_min(left, l->left[i]);
		right = seq_max(right, l->right[i]);
		remove_range(l, i);
	}
	if (l->n == SACK_RANGES)
		return;
	for (uint32_t j = l->n; j > i; j--) {
		l->left[j] = l->left[j - 1];
		l->right[j] = l->right[j - 1];
	}
	l->left[i] = left;
	l->right[i] = right;
	l->n++;
}

uint32_t tcp_sack_update(struct sl_tcp_conn *c, const struct seg *s)
{
	uint32_t una = seq_max(c->snd_una, s->ack), before;
	struct loss *l = tcp_conn_loss(c);

	before = l ? l->sacked_bytes : 0;
	for (uint32_t i = 0; i < s->o.n_sack; i++) {
		uint32_t left = s->o.sack[i][0], right = s->o.sack[i][1];

		/* Below una it is a DSACK (RFC 2883) or old; beyond snd_max it is a lie. */
		if (!seq_lt(left, right) || seq_lt(left, una) || seq_lt(c->snd_max, right))
			continue;
		if (!l)
			l = tcp_conn_loss_get(c);
		if (!l)
			return 0;
		add_range(l, left, right);
	}
	if (!l)
		return 0;
	l->sacked_bytes = total(l);
	return l->sacked_bytes > before ? l->sacked_bytes - before : 0;
}

uint32_t tcp_sack_ack(struct sl_tcp_conn *c)
{
	struct loss *l = tcp_conn_loss(c);
	uint32_t before;

	if (!l)
		return 0;
	before = l->sacked_bytes;
	while (l->n && seq_le(l->right[0], c->snd_una))
		remove_range(l, 0);
	if (l->n && seq_lt(l->left[0], c->snd_una))
		l->left[0] = c->snd_una;
	l->sacked_bytes = total(l);
	before -= l->sacked_bytes;
	if (!l->n && !(c->flags & F_RECOVERY))
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

uint32_t tcp_sack_run(const struct sl_tcp_conn *c, uint32_t seq, bool *sacked)
{
	const struct loss *l = tcp_conn_loss(c);

	*sacked = false;
	for (uint32_t i = 0; l && i < l->n; i++) {
		if (seq_lt(seq, l->left[i]))
			return l->left[i];
		if (seq_lt(seq, l->right[i])) {
			*sacked = true;
			return l->right[i];
		}
	}
	return c->snd_max;
}

/* RFC 6675 4, IsLost: enough was SACKed above, in bytes or in separate ranges. */
static bool lost_below(const struct sl_tcp_conn *c, const struct loss *l, uint32_t i)
{
	uint32_t thresh = tcp_dup_thresh(c), sum = 0;

	if (l->n - i >= thresh)
		return true;
	for (; i < l->n; i++)
		sum += l->right[i] - l->left[i];
	return sum > (thresh - 1) * eff_mss(c);
}

bool tcp_sack_is_lost(const struct sl_tcp_conn *c, uint32_t seq)
{
	const struct loss *l = tcp_conn_loss(c);
	uint32_t i = 0;

	if (!l)
		return false;
	while (i < l->n && seq_le(l->left[i], seq))
		i++;
	return i < l->n && lost_below(c, l, i);
}

uint32_t tcp_sack_pipe(const struct sl_tcp_conn *c)
{
	const struct loss *l = tcp_conn_loss(c);
	uint32_t pos = c->snd_una, pipe = 0;

	for (uint32_t i = 0; l && i <= l->n; i++) {
		uint32_t end = i < l->n ? l->left[i] : c->snd_max;

		if (i == l->n || !lost_below(c, l, i))
			pipe += end - pos;
		if (seq_lt(pos, l->high_rxt))
			pipe += seq_min(end, l->high_rxt) - pos;
		if (i < l->n)
			pos = l->right[i];
	}
	return pipe;
}

bool tcp_recovery_next(struct sl_tcp_conn *c, bool lost_only, uint32_t *seq, uint32_t *len)
{
	struct loss *l = tcp_conn_loss(c);
	uint32_t pos = seq_max(c->snd_una, l->high_rxt), end;

	for (uint32_t i = 0; i < l->n; i++) {
		if (seq_lt(pos, l->left[i])) {
			if (lost_only && !lost_below(c, l, i))
				return false;
			*seq = pos;
			*len = SL_MIN(l->left[i] - pos, eff_mss(c));
			return true;
		}
		pos = seq_max(pos, l->right[i]);
	}
	/* Rule 4: once a recovery, the end again, in case it is what was lost. */
	if (lost_only || l->rescue_used || !l->n)
		return false;
	end = l->right[l->n - 1];
	if (!seq_lt(end, c->snd_max))
		return false;
	l->rescue_used = 1;
	*len = SL_MIN(c->snd_max - end, eff_mss(c));
	*seq = c->snd_max - *len;
	return true;
}
