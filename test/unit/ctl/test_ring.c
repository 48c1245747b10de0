/* SPDX-License-Identifier: BSD-3-Clause */
/* The ring: order, limits, damaged indexes, and both sides killed in mid-operation. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sl_ring.h"

#define SLOTS     8u
#define SLOT_SIZE 64u

static struct sl_ring *ring;

static int ring_make(void **state)
{
	/* Exactly as large as it must be, so that ASan sees a step outside. */
	if (posix_memalign((void **)&ring, 64, sl_ring_size(SLOTS, SLOT_SIZE)))
		return -1;
	sl_ring_init(ring, SLOTS, SLOT_SIZE);
	return 0;
}

static int ring_free(void **state)
{
	free(ring);
	return 0;
}

static void order_and_limits(void **state)
{
	char msg[SLOT_SIZE] = {0}, got[SLOT_SIZE];
	uint32_t len;

	assert_null(sl_ring_peek(ring, &len));
	for (int round = 0; round < 5; round++) {
		for (unsigned i = 0; i < SLOTS; i++) {
			memset(msg, 'a' + (int)i, sizeof(msg));
			assert_true(sl_ring_push(ring, msg, SLOT_SIZE - 4 - i));
		}
		assert_false(sl_ring_push(ring, msg, 1));
		assert_null(sl_ring_reserve(ring));
		for (unsigned i = 0; i < SLOTS; i++) {
			const void *p = sl_ring_peek(ring, &len);

			assert_non_null(p);
			assert_int_equal((uintptr_t)p % 64, 0);
			assert_int_equal(len, SLOT_SIZE - 4 - i);
			memcpy(got, p, len);
			memset(msg, 'a' + (int)i, sizeof(msg));
			assert_memory_equal(got, msg, len);
			sl_ring_release(ring);
		}
		assert_null(sl_ring_peek(ring, &len));
	}
	assert_false(sl_ring_push(ring, msg, SLOT_SIZE - 3));
	assert_true(sl_ring_push(ring, NULL, 0));
	assert_non_null(sl_ring_peek(ring, &len));
	assert_int_equal(len, 0);
}

/* A message that was reserved and not published was never there. */
static void reserved_is_not_sent(void **state)
{
	uint32_t len;
	char *p = sl_ring_reserve(ring);

	assert_non_null(p);
	memset(p, 'x', SLOT_SIZE - 4);
	assert_null(sl_ring_peek(ring, &len));
	assert_ptr_equal(sl_ring_reserve(ring), p);
	sl_ring_publish(ring, 3);
	assert_ptr_equal(sl_ring_peek(ring, &len), p);
	assert_int_equal(len, 3);
}

static void indexes_wrap(void **state)
{
	uint32_t len;

	ring->head = ring->tail = UINT64_MAX - 2;
	assert_true(sl_ring_valid(ring, SLOTS, SLOT_SIZE));
	for (int i = 0; i < 40; i++) {
		assert_true(sl_ring_push(ring, &i, sizeof(i)));
		assert_int_equal(*(const int *)sl_ring_peek(ring, &len), i);
		sl_ring_release(ring);
	}
}

/* Any damage to an index costs what was in flight, never memory and never the ring for good. */
static void damaged_indexes(void **state)
{
	static const uint64_t bad[] = {9,          SLOTS + 100, UINT64_MAX - 99,  UINT64_MAX / 2,
				       UINT32_MAX, 1u << 31,    UINT64_C(1) << 63};
	uint32_t len;

	for (unsigned i = 0; i < SL_ARRAY_LEN(bad); i++)
		for (int which = 0; which < 2; which++) {
			sl_ring_init(ring, SLOTS, SLOT_SIZE);
			assert_true(sl_ring_push(ring, "one", 4));
			*(which ? &ring->head : &ring->tail) = bad[i];
			assert_false(sl_ring_valid(ring, SLOTS, SLOT_SIZE));
			assert_false(sl_ring_push(ring, "two", 4));
			assert_null(sl_ring_peek(ring, &len));
			assert_true(sl_ring_valid(ring, SLOTS, SLOT_SIZE));
			assert_true(sl_ring_push(ring, "two", 4));
			assert_string_equal(sl_ring_peek(ring, &len), "two");
		}
}

static void damaged_length(void **state)
{
	uint32_t bad = UINT32_MAX, len;

	assert_true(sl_ring_push(ring, "one", 4));
	memcpy(ring->data + SLOT_SIZE - 4, &bad, 4);
	assert_non_null(sl_ring_peek(ring, &len));
	assert_int_equal(len, SLOT_SIZE - 4);
}

static void damaged_shape(void **state)
{
	assert_true(sl_ring_valid(ring, SLOTS, SLOT_SIZE));
	assert_false(sl_ring_valid(ring, SLOTS * 2, SLOT_SIZE));
	ring->slot_size = 0;
	assert_false(sl_ring_valid(ring, SLOTS, SLOT_SIZE));
	memset(ring, 0xff, sizeof(*ring));
	assert_false(sl_ring_valid(ring, SLOTS, SLOT_SIZE));
	memset(ring, 0, sizeof(*ring));
	assert_false(sl_ring_valid(ring, SLOTS, SLOT_SIZE));
}

/* ---- kill -9 ---- */

#define KILLS 24

struct message {
	uint64_t serial, inverse;
	uint8_t body[40];
};

struct shared {
	uint64_t consumed, bad, out_of_order; /* consumer */
	uint64_t serial;                      /* producer, ahead of or equal to what it published */
	struct sl_ring *ring;
};

static void produce(struct shared *sh)
{
	/* One that was killed may have published this serial already, never a later one. */
	for (;;) {
		struct message *m = sl_ring_reserve(sh->ring);

		if (!m)
			continue;
		m->serial = sh->serial + 1;
		memset(m->body, (int)(uint8_t)m->serial, sizeof(m->body));
		m->inverse = ~m->serial;
		sl_ring_publish(sh->ring, sizeof(*m));
		sh->serial++;
	}
}

static void consume(struct shared *sh, uint64_t last)
{
	for (;;) {
		uint32_t len;
		const struct message *m = sl_ring_peek(sh->ring, &len);

		if (!m)
			continue;
		if (len != sizeof(*m) || m->inverse != ~m->serial ||
		    m->body[0] != (uint8_t)m->serial || m->body[39] != (uint8_t)m->serial)
			sh->bad++;
		/* Once more the same is what a kill between use and release costs. */
		if (last && m->serial != last && m->serial != last + 1)
			sh->out_of_order++;
		last = m->serial;
		__atomic_fetch_add(&sh->consumed, 1, __ATOMIC_RELAXED);
		sl_ring_release(sh->ring);
	}
}

static pid_t side_start(struct shared *sh, int consumer)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	alarm(20); /* never outlive a test that was killed */
	if (consumer)
		consume(sh, 0);
	else
		produce(sh);
	_exit(0);
}

/** Whether messages still get through, within two seconds. */
static int moves(const struct shared *sh)
{
	uint64_t before = __atomic_load_n(&sh->consumed, __ATOMIC_RELAXED);

	for (int i = 0; i < 2000; i++) {
		if (__atomic_load_n(&sh->consumed, __ATOMIC_RELAXED) > before)
			return 1;
		usleep(1000);
	}
	return 0;
}

static void side_kill(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void killed_at_any_instruction(void **state)
{
	size_t size = 4096 + sl_ring_size(SLOTS, SLOT_SIZE);
	struct shared *sh =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int moved = 1;
	pid_t pid[2];

	assert_true(sh != MAP_FAILED);
	sh->ring = (struct sl_ring *)((char *)sh + 4096);
	sl_ring_init(sh->ring, SLOTS, SLOT_SIZE);
	for (int i = 0; i < 2; i++)
		pid[i] = side_start(sh, i);
	for (int k = 0; moved && k < KILLS; k++) {
		usleep((useconds_t)(1000 + rand() % 20000));
		side_kill(pid[k % 2]);
		moved = sl_ring_valid(sh->ring, SLOTS, SLOT_SIZE);
		pid[k % 2] = side_start(sh, k % 2);
		moved = moved && moves(sh);
	}
	for (int i = 0; i < 2; i++)
		side_kill(pid[i]);
	assert_true(moved);
	assert_int_equal(sh->bad, 0);
	assert_int_equal(sh->out_of_order, 0);
	assert_true(sh->consumed > KILLS);
	munmap(sh, size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(order_and_limits, ring_make, ring_free),
		cmocka_unit_test_setup_teardown(reserved_is_not_sent, ring_make, ring_free),
		cmocka_unit_test_setup_teardown(indexes_wrap, ring_make, ring_free),
		cmocka_unit_test_setup_teardown(damaged_indexes, ring_make, ring_free),
		cmocka_unit_test_setup_teardown(damaged_length, ring_make, ring_free),
		cmocka_unit_test_setup_teardown(damaged_shape, ring_make, ring_free),
		cmocka_unit_test(killed_at_any_instruction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
