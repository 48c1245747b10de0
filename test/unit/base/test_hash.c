/* SPDX-License-Identifier: BSD-3-Clause */
/* Hashes against the vectors their authors published. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>

#include "sl_base.h"
#include "sl_sha256.h"

/* vectors.h of the SipHash reference: key 00..0f, message 00, 01, ... of length i; as bytes. */
static const uint8_t sip_vectors[16][8] = {
	{0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72},
	{0xfd, 0x67, 0xdc, 0x93, 0xc5, 0x39, 0xf8, 0x74},
	{0x5a, 0x4f, 0xa9, 0xd9, 0x09, 0x80, 0x6c, 0x0d},
	{0x2d, 0x7e, 0xfb, 0xd7, 0x96, 0x66, 0x67, 0x85},
	{0xb7, 0x87, 0x71, 0x27, 0xe0, 0x94, 0x27, 0xcf},
	{0x8d, 0xa6, 0x99, 0xcd, 0x64, 0x55, 0x76, 0x18},
	{0xce, 0xe3, 0xfe, 0x58, 0x6e, 0x46, 0xc9, 0xcb},
	{0x37, 0xd1, 0x01, 0x8b, 0xf5, 0x00, 0x02, 0xab},
	{0x62, 0x24, 0x93, 0x9a, 0x79, 0xf5, 0xf5, 0x93},
	{0xb0, 0xe4, 0xa9, 0x0b, 0xdf, 0x82, 0x00, 0x9e},
	{0xf3, 0xb9, 0xdd, 0x94, 0xc5, 0xbb, 0x5d, 0x7a},
	{0xa7, 0xad, 0x6b, 0x22, 0x46, 0x2f, 0xb3, 0xf4},
	{0xfb, 0xe5, 0x0e, 0x86, 0xbc, 0x8f, 0x1e, 0x75},
	{0x90, 0x3d, 0x84, 0xc0, 0x27, 0x56, 0xea, 0x14},
	{0xee, 0xf2, 0x7a, 0x8e, 0x90, 0xca, 0x23, 0xf7},
	{0xe5, 0x45, 0xbe, 0x49, 0x61, 0xca, 0x29, 0xa1},
};

static uint64_t le(const uint8_t b[8])
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | b[i];
	return v;
}

static void siphash_vectors(void **state)
{
	static const uint8_t last[8] = {0x72, 0x45, 0x06, 0xeb, 0x4c, 0x32, 0x8a, 0x95};
	struct sl_hash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	uint8_t msg[64];

	for (unsigned i = 0; i < sizeof(msg); i++)
		msg[i] = (uint8_t)i;
	for (unsigned i = 0; i < SL_ARRAY_LEN(sip_vectors); i++)
		assert_int_equal(sl_siphash(&key, msg, i), le(sip_vectors[i]));
	assert_int_equal(sl_siphash(&key, msg, 63), le(last));
}

static void siphash_unaligned(void **state)
{
	struct sl_hash_key key = {1, 2};
	uint8_t buf[40] = {0};

	for (unsigned off = 0; off < 8; off++) {
		memset(buf, 0, sizeof(buf));
		memcpy(buf + off, "GET /index.html HTTP/1.1", 24);
		assert_int_equal(sl_siphash(&key, buf + off, 24),
				 sl_siphash(&key, "GET /index.html HTTP/1.1", 24));
	}
}

/* Landon Curt Noll's test vectors. */
static void fnv1a_vectors(void **state)
{
	assert_int_equal(sl_fnv1a(0, "", 0), UINT64_C(0xcbf29ce484222325));
	assert_int_equal(sl_fnv1a(0, "a", 1), UINT64_C(0xaf63dc4c8601ec8c));
	assert_int_equal(sl_fnv1a(0, "foobar", 6), UINT64_C(0x85944171f73967e8));
	assert_int_not_equal(sl_fnv1a(1, "foobar", 6), sl_fnv1a(0, "foobar", 6));
}

/* RFC 3720 B.4 and the check value of the CRC catalogues. */
static void crc32c_vectors(void **state)
{
	uint8_t up[32], down[32], zero[32] = {0}, ones[32];

	memset(ones, 0xff, sizeof(ones));
	for (int i = 0; i < 32; i++) {
		up[i] = (uint8_t)i;
		down[i] = (uint8_t)(31 - i);
	}
	for (int table = 0; table < 2; table++) {
		uint32_t (*crc)(uint32_t, const void *, size_t) =
			table ? sl_crc32c_table : sl_crc32c;

		assert_int_equal(crc(0, "123456789", 9), 0xe3069283);
		assert_int_equal(crc(0, zero, 32), 0x8a9136aa);
		assert_int_equal(crc(0, ones, 32), 0x62a8ab43);
		assert_int_equal(crc(0, up, 32), 0x46dd794e);
		assert_int_equal(crc(0, down, 32), 0x113fdb5c);
		assert_int_equal(crc(crc(0, "1234", 4), "56789", 5), 0xe3069283);
		assert_int_equal(crc(0, NULL, 0), 0);
	}
}

static void random_keys_differ(void **state)
{
	struct sl_hash_key a = {0}, b = {0};

	assert_int_equal(sl_hash_key_random(&a), 0);
	assert_int_equal(sl_hash_key_random(&b), 0);
	assert_memory_not_equal(&a, &b, sizeof(a));
}

static void sha256_is(const char *text, size_t n, const char *want)
{
	uint8_t got[32];
	char hex[65];

	sl_sha256(text, n, got);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", got[i]);
	assert_string_equal(hex, want);
}

/* FIPS 180-4's examples, and the lengths at which the last block is full. */
static void test_sha256(void **state)
{
	char a[1000];

	memset(a, 'a', sizeof(a));
	sha256_is("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_is("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	sha256_is(a, 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
	sha256_is(a, 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
	sha256_is(a, 1000, "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256),       cmocka_unit_test(siphash_vectors),
		cmocka_unit_test(siphash_unaligned), cmocka_unit_test(fnv1a_vectors),
		cmocka_unit_test(crc32c_vectors),    cmocka_unit_test(random_keys_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
