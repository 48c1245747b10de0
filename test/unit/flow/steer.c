/* SPDX-License-Identifier: BSD-3-Clause */
/* The owner of a packet: replies go where our source port says, clients spread evenly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <rte_thash.h>

#include "sl_steer.h"

static struct sl_tuple tuple(uint32_t src, uint16_t sport, uint16_t dport)
{
	return (struct sl_tuple){.src = sl_ip_from_v4(htonl(src)),
				 .dst = sl_ip_from_v4(htonl(0x0a0a0104)),
				 .sport = sport,
				 .dport = dport,
				 .proto = IPPROTO_TCP};
}

static void test_reply_to_a_port_of_ours(void **state)
{
	for (uint32_t p = SL_NAT_PORT_FIRST; p < 65536; p += 13) {
		struct sl_tuple t = tuple(0x0a000001, 80, (uint16_t)p);

		for (uint16_t workers = 1; workers <= 7; workers++)
			assert_int_equal(sl_steer_owner(&t, true, workers), p % workers);
	}
}

/* What a NIC computes with the key we give it: n 32-bit words in host byte order. */
static uint32_t toeplitz(uint32_t *words, uint32_t n)
{
	uint8_t key[52];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = i % 2 ? SL_STEER_KEY & 0xff : SL_STEER_KEY >> 8;
	return rte_softrss(words, n, key);
}

static uint64_t rnd_state;

static uint32_t rnd(void)
{
	rnd_state = rnd_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(rnd_state >> 32);
}

static void agrees(uint32_t *words, uint32_t n, uint16_t slot)
{
	assert_int_equal(toeplitz(words, n) % SL_STEER_SLOTS, slot);
}

/* With zeros for the destination, and with nothing in its place. */
static void test_slot_is_toeplitz_of_the_source(void **state)
{
	for (unsigned i = 0; i < 20000; i++) {
		uint32_t a[4] = {rnd(), rnd(), rnd(), rnd()};
		uint16_t port = (uint16_t)rnd();
		uint32_t high = (uint32_t)port << 16;
		struct sl_ip v4 = sl_ip_from_v4(htonl(a[0])), v6;

		agrees((uint32_t[]){a[0], 0, high}, 3, sl_steer_slot(&v4, port));
		agrees((uint32_t[]){a[0], high}, 2, sl_steer_slot(&v4, port));
		for (unsigned w = 0; w < 4; w++)
			for (unsigned b = 0; b < 4; b++)
				v6.b[4 * w + b] = (uint8_t)(a[w] >> (24 - 8 * b));
		agrees((uint32_t[]){a[0], a[1], a[2], a[3], 0, 0, 0, 0, high}, 9,
		       sl_steer_slot(&v6, port));
		agrees((uint32_t[]){a[0], a[1], a[2], a[3], high}, 5, sl_steer_slot(&v6, port));
	}
}

#define CLIENTS 1000000u

static struct sl_tuple anyone(uint32_t i)
{
	return tuple(rnd(), (uint16_t)rnd(), 80);
}

static struct sl_tuple ports_of_one_address(uint32_t i)
{
	return tuple(0xc0000207, (uint16_t)(1024 + i % 64512), 80);
}

static struct sl_tuple even_ports_of_one_address(uint32_t i)
{
	return tuple(0xc0000207, (uint16_t)(32768 + 2 * (i % 14116)), 80);
}

static struct sl_tuple one_port_of_a_subnet(uint32_t i)
{
	return tuple(0xc0000200 + i % 256, 5060, 80);
}

/* Neighbours that each count their ports up from the same one. */
static struct sl_tuple few_ports_of_few_addresses(uint32_t i)
{
	return tuple(0x0a000000 + i % 100, (uint16_t)(49152 + i / 100 % 100), 80);
}

static struct sl_tuple ipv6_subnet(uint32_t i)
{
	struct sl_tuple t = {.sport = (uint16_t)(1024 + rnd() % 64512), .proto = IPPROTO_TCP};
	uint32_t low[2] = {rnd(), rnd()};

	t.src = (struct sl_ip){.b = {0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2}};
	memcpy(t.src.b + 8, low, sizeof(low));
	return t;
}

static struct sl_tuple numbered_ipv6_hosts(uint32_t i)
{
	struct sl_tuple t = {.sport = 40000, .proto = IPPROTO_UDP};

	t.src = (struct sl_ip){
		.b = {0x20, 0x01, 0x0d, 0xb8, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i}};
	return t;
}

/*
 * Each worker has its share: nearly, since 128 slots are not a multiple of all numbers. Addresses
 * and ports that both count up are the worst, as their sum without carry has fewer values.
 */
static void test_clients_spread(void **state)
{
	static const struct {
		const char *name;
		struct sl_tuple (*client)(uint32_t i);
		unsigned off; /* percent of a share, at most */
	} kinds[] = {
		{"anyone", anyone, 5},
		{"ports of one address", ports_of_one_address, 5},
		{"even ports of one address", even_ports_of_one_address, 5},
		{"one port of a subnet", one_port_of_a_subnet, 5},
		{"few ports of few addresses", few_ports_of_few_addresses, 9},
		{"IPv6 subnet", ipv6_subnet, 5},
		{"numbered IPv6 hosts", numbered_ipv6_hosts, 5},
	};

	for (size_t k = 0; k < SL_ARRAY_LEN(kinds); k++)
		for (uint16_t workers = 2; workers <= 8; workers++) {
			unsigned n[8] = {0}, least = UINT32_MAX, most = 0;

			for (uint32_t i = 0; i < CLIENTS; i++) {
				struct sl_tuple t = kinds[k].client(i);

				n[sl_steer_owner(&t, i % 2, workers)]++;
			}
			for (uint16_t w = 0; w < workers; w++) {
				least = SL_MIN(least, n[w]);
				most = SL_MAX(most, n[w]);
			}
			print_message("%s, %u workers: %.1f%% to %.1f%% of a share\n",
				      kinds[k].name, workers, 100.0 * least * workers / CLIENTS,
				      100.0 * most * workers / CLIENTS);
			assert_true(least * 100ull * workers >= CLIENTS * (100ull - kinds[k].off));
			assert_true(most * 100ull * workers <= CLIENTS * (100ull + kinds[k].off));
		}
}

static void test_high_port_of_a_virtual_ip_is_hashed(void **state)
{
	unsigned moved = 0;

	for (uint32_t i = 0; i < 100; i++) {
		struct sl_tuple t = tuple(0xc0a80000 + i, 1024, 40000);

		moved += sl_steer_owner(&t, false, 4) != 40000 % 4;
	}
	assert_in_range(moved, 50, 95);
}

/* Nothing but the client says whose it is: not the service, not how it was reached. */
static void test_only_the_client_counts(void **state)
{
	for (uint32_t i = 0; i < 1000; i++) {
		struct sl_tuple t = tuple(rnd(), (uint16_t)rnd(), 80), u = t;

		u.dst = sl_ip_from_v4(rnd());
		u.dport = 8080;
		u.proto = IPPROTO_UDP;
		assert_int_equal(sl_steer_owner(&t, false, 5), sl_steer_owner(&u, true, 5));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply_to_a_port_of_ours),
		cmocka_unit_test(test_slot_is_toeplitz_of_the_source),
		cmocka_unit_test(test_clients_spread),
		cmocka_unit_test(test_only_the_client_counts),
		cmocka_unit_test(test_high_port_of_a_virtual_ip_is_hashed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
