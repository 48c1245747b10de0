/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs regexes that are a row of steps; on the way of requests. */
#include "steps.h"

/* Bytes at one end of what is left that a run takes; more than are left: it fails. */
static inline size_t take(const struct sl_steps_run *run, struct sl_str left, bool backward)
{
	size_t most = SL_MIN((size_t)left.n, (size_t)sl_steps_number(run->max)), i = 0;

	while (i < most && sl_steps_has(run->set, (uint8_t)left.p[backward ? left.n - 1 - i : i]))
		i++;
	return i < sl_steps_number(run->min) ? left.n + (size_t)1 : i;
}

/* Takes what steps match off one end of what is left; false: they do not match. */
static inline bool pass(const uint8_t *step, const uint8_t *end, struct sl_str *left, bool backward)
{
	while (step < end) {
		size_t took = *step;

		if (took) {
			if (took > left->n ||
			    memcmp(step + 1, left->p + (backward ? left->n - took : 0), took) != 0)
				return false;
			step += 1 + took;
		} else {
			took = take((const struct sl_steps_run *)step, *left, backward);
			if (took > left->n)
				return false;
			step += sizeof(struct sl_steps_run);
		}
		left->p += backward ? 0 : took;
		left->n -= (uint32_t)took;
	}
	return true;
}

bool sl_steps_match(const struct sl_steps *p, struct sl_str subject)
{
	const uint8_t *begin = (const uint8_t *)p, *end = begin + p->end, *turn = begin + p->turn;

	if (!p->turn)
		return pass((const uint8_t *)(p + 1), end, &subject, false) && subject.n == 0;
	return pass((const uint8_t *)(p + 1), turn, &subject, false) &&
	       pass(turn, end, &subject, true) && subject.n >= p->least;
}

/* Whether the steps of a program that does not end behind its bytes turn and end where it says. */
static bool program_ok(const struct sl_steps *p)
{
	const uint8_t *bytes = (const uint8_t *)p;
	size_t at = sizeof(*p);
	bool turns = p->turn == 0;

	while (at < p->end) {
		turns |= at == p->turn;
		at += bytes[at] ? 1u + bytes[at] : sizeof(struct sl_steps_run);
	}
	turns |= at == p->turn;
	return turns && at == p->end && p->bytes < p->end + 4;
}

bool sl_steps_ok(const void *programs, uint64_t n)
{
	const char *at = programs;

	while (n) {
		const struct sl_steps *p = (const struct sl_steps *)(const void *)at;

		if (n < sizeof(*p) || p->bytes % 4 || p->bytes > n || p->id >= SL_MATCH_ID_MAX ||
		    p->end > p->bytes || !program_ok(p))
			return false;
		at += p->bytes;
		n -= p->bytes;
	}
	return true;
}
