/* SPDX-License-Identifier: BSD-3-Clause */
/* The owner of a packet: replies go where our source port says, clients spread evenly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>

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

static void test_clients_spread(void **state)
{
	unsigned n[5] = {0};

	for (uint32_t i = 0; i < 50000; i++) {
		struct sl_tuple t = tuple(0xc0a80000 + i % 100, (uint16_t)(1024 + i / 100), 8080);
		uint16_t owner = sl_steer_owner(&t, i % 2, 5);

		assert_in_range(owner, 0, 4);
		n[owner]++;
		assert_int_equal(owner, sl_steer_owner(&t, !(i % 2), 5));
	}
	for (unsigned i = 0; i < 5; i++)
		assert_in_range(n[i], 9300, 10700);
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

/* An answer that names the client itself goes to the worker of that client's packets. */
static void test_answer_to_a_client(void **state)
{
	for (uint32_t i = 0; i < 1000; i++) {
		struct sl_tuple t = tuple(0xc0a80000 + i, (uint16_t)(1024 + i), 80);
		struct sl_tuple back = {.src = t.src, .sport = t.sport, .proto = t.proto};

		back.dst = sl_ip_from_v4(htonl(0x0a000001));
		back.dport = 8080;
		assert_int_equal(sl_steer_owner(&t, false, 5), sl_steer_owner(&back, false, 5));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply_to_a_port_of_ours),
		cmocka_unit_test(test_clients_spread),
		cmocka_unit_test(test_answer_to_a_client),
		cmocka_unit_test(test_high_port_of_a_virtual_ip_is_hashed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
