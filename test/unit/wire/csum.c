/* SPDX-License-Identifier: BSD-3-Clause */
/* Internet checksums: against a byte-by-byte reference, at every length and alignment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sl_wire.h"

/* RFC 1071, section 1, one byte at a time; value as it stands in memory. */
static uint16_t reference(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		sum += (uint32_t)p[i] << (i % 2 ? 0 : 8);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return htons((uint16_t)sum);
}

static uint8_t bytes[70000];

static int fill(void **state)
{
	uint32_t x = 2463534242u;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		bytes[i] = (uint8_t)x;
	}
	return 0;
}

/* 0 and 0xffff are the same number. */
static uint16_t norm(uint16_t v)
{
	return v == 0xffff ? 0 : v;
}

static void example_of_rfc_1071(void **state)
{
	static const uint8_t p[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	assert_int_equal(ntohs(sl_csum_fold(sl_csum_add(0, p, 8))), 0xddf2);
}

static void every_length_and_alignment(void **state)
{
	for (size_t off = 0; off < 8; off++)
		for (size_t n = 0; n < 300; n++)
			assert_int_equal(norm(sl_csum_fold(sl_csum_add(0, bytes + off, n))),
					 norm(reference(bytes + off, n)));
	assert_int_equal(norm(sl_csum_fold(sl_csum_add(0, bytes, 65535))),
			 norm(reference(bytes, 65535)));
}

static void all_ones_do_not_overflow(void **state)
{
	static uint8_t ones[65536];
	uint64_t sum = 0;

	memset(ones, 0xff, sizeof(ones));
	for (int i = 0; i < 1000; i++)
		sum = sl_csum_add(sum, ones, sizeof(ones));
	assert_int_equal(sl_csum_fold(sum), 0xffff);
	assert_int_equal(sl_csum_fold(UINT64_MAX), 0xffff);
}

static void parts_add_up(void **state)
{
	for (size_t cut = 0; cut < 100; cut++) {
		uint16_t tail = sl_csum_fold(sl_csum_add(0, bytes + cut, 100 - cut));
		uint64_t sum = sl_csum_add(0, bytes, cut);

		sum += cut % 2 ? sl_csum_swap(tail) : tail;
		assert_int_equal(norm(sl_csum_fold(sum)), norm(reference(bytes, 100)));
	}
}

static void ipv4_header(void **state)
{
	/* From a capture; the right sum is b861 (RFC 791 header of a UDP packet). */
	static const uint8_t h[20] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
				      0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
	struct sl_ipv4_hdr ip;

	memcpy(&ip, h, 20);
	assert_int_equal(ntohs(sl_ipv4_csum(&ip, 20)), 0xb861);
	ip.csum_be = 0x1234;
	assert_int_equal(ntohs(sl_ipv4_csum(&ip, 20)), 0xb861);
	ip.csum_be = htons(0xb861);
	assert_int_equal(sl_csum_fold(sl_csum_add(0, &ip, 20)), 0xffff);
}

static void pseudo_headers(void **state)
{
	struct sl_ip a, b;
	uint8_t v4[12] = {192, 0, 2, 1, 10, 0, 0, 7, 0, 6, 0, 100};
	uint8_t v6[40] = {0};

	a = sl_ip_from_v4(htonl(0xc0000201));
	b = sl_ip_from_v4(htonl(0x0a000007));
	assert_int_equal(norm(sl_csum_fold(sl_csum_pseudo(&a, &b, 6, 100))),
			 norm(reference(v4, 12)));
	memcpy(a.b, bytes, 16);
	memcpy(b.b, bytes + 16, 16);
	memcpy(v6, bytes, 32);
	v6[33] = 1;
	v6[35] = 100;
	v6[39] = 17;
	assert_int_equal(norm(sl_csum_fold(sl_csum_pseudo(&a, &b, 17, 65536 + 100))),
			 norm(reference(v6, 40)));
}

static void update_equals_computing_anew(void **state)
{
	for (size_t at = 0; at < 60; at += 2)
		for (size_t n = 0; n <= 20; n += 2) {
			uint8_t p[80];
			uint16_t before, after;

			memcpy(p, bytes, 80);
			before = (uint16_t)~sl_csum_fold(sl_csum_add(0, p, 80));
			memcpy(p + at, bytes + 1000 + at, n);
			after = (uint16_t)~sl_csum_fold(sl_csum_add(0, p, 80));
			assert_int_equal(norm(sl_csum_update(before, bytes + at, p + at, n)),
					 norm(after));
		}
}

/* RFC 1624 section 4: equation 3 gives 0000 where equation 2 gave ffff. */
static void update_as_in_rfc_1624(void **state)
{
	uint16_t was = htons(0x5555), is = htons(0x3285);

	assert_int_equal(sl_csum_update(htons(0xdd2f), &was, &is, 2), 0);
}

static void loads_and_stores(void **state)
{
	uint8_t p[8] = {0};

	sl_store16(p + 1, 0x1234);
	sl_store32(p + 3, 0xdeadbeef);
	assert_int_equal(p[1], 0x12);
	assert_int_equal(p[3], 0xde);
	assert_int_equal(sl_load16(p + 1), 0x1234);
	assert_int_equal(sl_load32(p + 3), 0xdeadbeef);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(example_of_rfc_1071),
		cmocka_unit_test(every_length_and_alignment),
		cmocka_unit_test(all_ones_do_not_overflow),
		cmocka_unit_test(parts_add_up),
		cmocka_unit_test(ipv4_header),
		cmocka_unit_test(pseudo_headers),
		cmocka_unit_test(update_equals_computing_anew),
		cmocka_unit_test(update_as_in_rfc_1624),
		cmocka_unit_test(loads_and_stores),
	};

	return cmocka_run_group_tests_name("wire_csum", tests, fill, NULL);
}
