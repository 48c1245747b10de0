/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbour table under a writer and a reader at once: a MAC is never read for another's address.
 */
#include <pthread.h>

#include "fixture.h"
#include "net_int.h"

#define ROUNDS 400000u

static struct sl_ip address(uint32_t i)
{
	return sl_ip_from_v4(htonl(0xc0000200 + i));
}

static const uint8_t mac_of[2][6] = {{2, 0xa, 0xa, 0xa, 0xa, 0xa}, {2, 0xb, 0xb, 0xb, 0xb, 0xb}};

struct reader {
	const struct sl_net *net;
	struct sl_ip ip;
	int stop;
	uint64_t hits, wrong;
};

static void *read_one(void *arg)
{
	struct reader *r = arg;
	uint8_t mac[6];

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		if (neigh_lookup(r->net, &r->ip, 0, false, mac) < NEIGH_REACHABLE)
			continue;
		__atomic_store_n(&r->hits, r->hits + 1, __ATOMIC_RELAXED);
		r->wrong += memcmp(mac, mac_of[0], 6) != 0;
	}
	return NULL;
}

/* Another address that the table puts where the first one is. */
static struct sl_ip rival(struct fx *fx, uint32_t slot)
{
	struct sl_ip ip;
	uint32_t at = NEIGH_NONE;

	for (uint32_t i = 2; at != slot; i++) {
		ip = address(i);
		at = neigh_add(fx->net, &fx->main, &ip, 0);
		neigh_remove(fx->net, &fx->main, at);
	}
	return ip;
}

/* Two addresses take turns in one slot as fast as they can. */
static void reader_sees_whole_entries(void **state)
{
	struct fx *fx = *state;
	struct reader r = {.net = fx->net, .ip = address(1)};
	struct sl_ip ip[2];
	pthread_t thread;
	uint32_t i;

	ip[0] = address(1);
	i = neigh_add(fx->net, &fx->main, &ip[0], 0);
	neigh_remove(fx->net, &fx->main, i);
	ip[1] = rival(fx, i);
	assert_int_equal(pthread_create(&thread, NULL, read_one, &r), 0);
	for (uint32_t n = 0; n < ROUNDS || !__atomic_load_n(&r.hits, __ATOMIC_RELAXED); n++) {
		assert_int_equal(neigh_add(fx->net, &fx->main, &ip[n % 2], 0), i);
		neigh_publish(fx->net, i, NEIGH_REACHABLE, mac_of[n % 2]);
		neigh_remove(fx->net, &fx->main, i);
	}
	__atomic_store_n(&r.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_int_equal(r.wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reader_sees_whole_entries, fx_setup, fx_teardown),
	};

	return cmocka_run_group_tests_name("net_neigh_race", tests, NULL, NULL);
}
