/* SPDX-License-Identifier: BSD-3-Clause */
/* The timer wheel against a plain array of deadlines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sl_wheel.h"

#define ROWS 300u

static uint64_t rnd_state = 12345;

static uint32_t rnd(void)
{
	rnd_state = rnd_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(rnd_state >> 33);
}

/* Spans all levels: some milliseconds to some days. */
static uint64_t rnd_delay_us(void)
{
	return (uint64_t)rnd() % (UINT64_C(1) << (10 + rnd() % 30));
}

static void check_expired(struct sl_wheel *w, uint64_t *deadline, uint64_t now)
{
	uint32_t row;

	while ((row = sl_wheel_expired(w, now)) != UINT32_MAX) {
		assert_in_range(row, 0, ROWS - 1);
		assert_in_range(deadline[row], 0, now);
		assert_false(sl_wheel_is_set(w, row));
		deadline[row] = UINT64_MAX;
	}
	for (uint32_t i = 0; i < ROWS; i++) {
		/* Due in the tick that has begun or later; never a whole tick late. */
		if (deadline[i] != UINT64_MAX)
			assert_true(deadline[i] + 1000 > now - now % 1000);
		assert_int_equal(sl_wheel_is_set(w, i), deadline[i] != UINT64_MAX);
	}
}

static uint64_t earliest(const uint64_t *deadline)
{
	uint64_t best = UINT64_MAX;

	for (uint32_t i = 0; i < ROWS; i++)
		if (deadline[i] < best)
			best = deadline[i];
	return best;
}

static void test_against_model(void **state)
{
	uint64_t now = 77777777, deadline[ROWS], first;
	struct sl_wheel *w = sl_wheel_create(ROWS, now);

	assert_non_null(w);
	for (uint32_t i = 0; i < ROWS; i++)
		deadline[i] = UINT64_MAX;
	for (unsigned round = 0; round < 20000; round++) {
		uint32_t row = rnd() % ROWS;

		if (rnd() % 4 == 0) {
			sl_wheel_cancel(w, row);
			deadline[row] = UINT64_MAX;
		} else {
			deadline[row] = now + rnd_delay_us();
			sl_wheel_set(w, row, deadline[row]);
		}
		first = earliest(deadline);
		if (first == UINT64_MAX)
			assert_true(sl_wheel_next(w) == UINT64_MAX);
		else
			assert_true(sl_wheel_next(w) <= first + 2000);
		if (rnd() % 3 == 0) {
			now += rnd_delay_us() / 8;
			check_expired(w, deadline, now);
		}
	}
	sl_wheel_free(w);
}

/* Following sl_wheel_next alone fires every timer on time: never late, few idle wakes. */
static void test_sleeping_until_next(void **state)
{
	uint64_t now = 5000, next;
	struct sl_wheel *w = sl_wheel_create(4, now);
	const uint64_t at[4] = {6000, 1000000, 300000000, 90000000000};
	unsigned fired = 0, wakes = 0;

	for (uint32_t i = 0; i < 4; i++)
		sl_wheel_set(w, i, at[i]);
	while ((next = sl_wheel_next(w)) != UINT64_MAX) {
		uint32_t row;

		assert_true(next > now || next == now);
		now = next;
		assert_in_range(++wakes, 1, 40);
		while ((row = sl_wheel_expired(w, now)) != UINT32_MAX) {
			assert_int_equal(row, fired);
			assert_true(now == at[row]);
			fired++;
		}
	}
	assert_int_equal(fired, 4);
	sl_wheel_free(w);
}

static void test_past_deadline_fires_at_next_tick(void **state)
{
	struct sl_wheel *w = sl_wheel_create(2, 10000);

	sl_wheel_set(w, 1, 0);
	assert_int_equal(sl_wheel_expired(w, 10999), UINT32_MAX);
	assert_int_equal(sl_wheel_expired(w, 11000), 1);
	assert_int_equal(sl_wheel_expired(w, 11000), UINT32_MAX);
	/* Setting it again while it runs does not loop within a tick. */
	sl_wheel_set(w, 1, 11000);
	assert_int_equal(sl_wheel_expired(w, 11000), UINT32_MAX);
	assert_int_equal(sl_wheel_expired(w, 12000), 1);
	sl_wheel_free(w);
}

/* Rows already due may still be cancelled or moved by the handler of another. */
static void test_change_while_due(void **state)
{
	struct sl_wheel *w = sl_wheel_create(3, 0);

	for (uint32_t i = 0; i < 3; i++)
		sl_wheel_set(w, i, 5000);
	uint32_t row = sl_wheel_expired(w, 9000);
	uint32_t cancelled = (row + 1) % 3, moved = (row + 2) % 3;

	sl_wheel_cancel(w, cancelled);
	sl_wheel_set(w, moved, 20000);
	assert_int_equal(sl_wheel_expired(w, 9000), UINT32_MAX);
	assert_int_equal(sl_wheel_expired(w, 20000), moved);
	sl_wheel_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_sleeping_until_next),
		cmocka_unit_test(test_past_deadline_fires_at_next_tick),
		cmocka_unit_test(test_change_while_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
