/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs regexes that are a row of steps; on the way of requests. */
#include "steps.h"

/* Bytes of the subject, of which n are left, that a run takes; more than n: it fails. */
static size_t take(const struct sl_steps_run *run, const char *at, size_t n)
{
	size_t most = SL_MIN(n, (size_t)sl_steps_number(run->max)), i = 0;

	while (i < most && sl_steps_has(run->set, (uint8_t)at[i]))
		i++;
	return i < sl_steps_number(run->min) ? n + 1 : i;
}

bool sl_steps_match(const struct sl_steps *p, struct sl_str subject)
{
	const uint8_t *step = (const uint8_t *)(p + 1), *end = (const uint8_t *)p + p->end;
	const char *at = subject.p;
	size_t n = subject.n;

	while (step < end) {
		size_t took = *step;

		if (took) {
			if (took > n || memcmp(step + 1, at, took) != 0)
				return false;
			step += 1 + took;
		} else {
			took = take((const struct sl_steps_run *)step, at, n);
			if (took > n)
				return false;
			step += sizeof(struct sl_steps_run);
		}
		at += took;
		n -= took;
	}
	return n == 0;
}

/* Whether the steps of a program that does not end behind its bytes end where it says. */
static bool program_ok(const struct sl_steps *p)
{
	const uint8_t *bytes = (const uint8_t *)p;
	size_t at = sizeof(*p);

	while (at < p->end)
		at += bytes[at] ? 1u + bytes[at] : sizeof(struct sl_steps_run);
	return at == p->end && p->bytes < p->end + 4;
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
