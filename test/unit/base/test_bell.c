/* SPDX-License-Identifier: BSD-3-Clause */
/* Bells: a ring wakes, also one that came before the sleep; without one the time is over. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "sl_bell.h"
#include "sl_clock.h"

#define LONG_NS 900000000u

static void ring_before_the_sleep(void **state)
{
	uint32_t bell = 0, seen = sl_bell_seen(&bell);
	uint64_t start = sl_clock_us();

	sl_bell_ring(&bell);
	sl_bell_wait(&bell, seen, LONG_NS);
	assert_true(sl_clock_us() - start < 500000);
}

static void no_ring(void **state)
{
	uint32_t bell = 7;
	uint64_t start = sl_clock_us();

	sl_bell_wait(&bell, sl_bell_seen(&bell), 2000000);
	assert_true(sl_clock_us() - start >= 1900);
}

static void *ringer(void *bell)
{
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	sl_bell_ring(bell);
	return NULL;
}

static void ring_during_the_sleep(void **state)
{
	uint32_t bell = UINT32_MAX; /* it may wrap */
	uint32_t seen = sl_bell_seen(&bell);
	uint64_t start = sl_clock_us();
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, ringer, &bell), 0);
	while (sl_bell_seen(&bell) == seen && sl_clock_us() - start < 800000)
		sl_bell_wait(&bell, seen, LONG_NS);
	assert_int_equal(sl_bell_seen(&bell), 0);
	assert_true(sl_clock_us() - start < 700000);
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ring_before_the_sleep),
		cmocka_unit_test(no_ring),
		cmocka_unit_test(ring_during_the_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
