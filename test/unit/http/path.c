/* SPDX-License-Identifier: BSD-3-Clause */
/* Path normalisation: what routes match and endpoints get. */
#include "sl_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
	const char *in, *out; /* NULL: refused */
} paths[] = {
	{"/", "/"},
	{"/xyz", "/xyz"},
	{"/x/y/z", "/x/y/z"},
	{"/a/b/../c", "/a/c"},
	{"/a/b/./c", "/a/b/c"},
	{"/a/b/../../../../c", "/c"},
	{"/a/..\\c", "/c"},
	{"/a\\b\\..\\c", "/a/c"},
	{"\\a", "/a"},
	{"/%c0%af", "/%c0%af"},
	{"/%5c%25", "/%5c%25"},
	{"/a/b/%2E%2E/c", "/a/c"},
	{"/a/b/%2E./c", "/a/c"},
	{"/a/b/.%2e/c", "/a/c"},
	{"/a/b/%2E/c", "/a/b/c"},
	{"/../a/b", "/a/b"},
	{"/./a/b", "/a/b"},
	{"/..", "/"},
	{"/.", "/"},
	{"/../..", "/"},
	{"/a/..", "/"},
	{"/a/b/..", "/a/"},
	{"/a/.", "/a/"},
	{"/a/b/../", "/a/"},
	{"/a/./", "/a/"},
	{"/A/B/C", "/A/B/C"},
	{"/a/%2F%2f/c", "/a/%2F%2f/c"},
	{"/a%2F..%2fc", "/a%2F..%2fc"},
	{"/a/..%2f/c", "/a/..%2f/c"},
	{"/a/..;/c", "/a/..;/c"},
	{"/.../a", "/.../a"},
	{"/a..", "/a.."},
	{"/..a", "/..a"},
	{"/.a/b.", "/.a/b."},
	{"/a%2Eb/%2Ec", "/a.b/.c"},
	{"/%252e%252e/a", "/%252e%252e/a"},
	{"//dir///file", "//dir///file"},
	{"/a//../b", "/a/b"},
	{"//..", "/"},
	{"//../..", "/"},
	{"/a//", "/a//"},
	{"*", "*"},
	{"/xyz/.%00../abc", NULL},
	{"/xyz/%00.%00./abc", NULL},
	{"/xyz/AAAAA%%0000/abc", NULL},
	{"/%", NULL},
	{"/%2", NULL},
	{"/%zz", NULL},
	{"/%2x", NULL},
	{"/a/../%00", NULL},
	{"", NULL},
	{"a/b", NULL},
	{"**", NULL},
	{"%2Fa", NULL},
};

static void test_paths(void **state)
{
	for (size_t i = 0; i < SL_ARRAY_LEN(paths); i++) {
		size_t len = strlen(paths[i].in);
		char *in = malloc(len ? len : 1), *out = malloc(len ? len : 1);
		int n;

		memcpy(in, paths[i].in, len);
		n = sl_http_path((struct sl_str){in, (uint32_t)len}, NULL, out, len, NULL);
		if (!paths[i].out) {
			assert_int_equal(n, -1);
		} else {
			assert_int_equal(n, strlen(paths[i].out));
			assert_memory_equal(out, paths[i].out, (size_t)n);
		}
		if (len)
			assert_int_equal(sl_http_path((struct sl_str){in, (uint32_t)len}, NULL, out,
						      len - 1, NULL),
					 -1);
		free(in);
		free(out);
	}
}

static const struct {
	uint8_t normalize, slashes;
	const char *in, *out; /* NULL: refused */
} modes[] = {
	{SL_HTTP_NORM_NONE, 0, "/a/../b//%2e\\%zz%00%", "/a/../b//%2e\\%zz%00%"},
	{SL_HTTP_NORM_NONE, 0, "a", NULL},
	{SL_HTTP_NORM_MERGE, 0, "//dir///file", "/dir/file"},
	{SL_HTTP_NORM_MERGE, 0, "/a//../b", "/a/b"},
	{SL_HTTP_NORM_MERGE, 0, "/a/%2F%2f/c//", "/a/%2F%2f/c/"},
	{SL_HTTP_NORM_MERGE, 0, "\\\\a/\\b", "/a/b"},
	{SL_HTTP_NORM_MERGE, 0, "/%zz", NULL},
	{SL_HTTP_NORM_MERGE, 0, "*", "*"},
	{SL_HTTP_NORM_BASE, SL_HTTP_SLASHES_REJECT, "/a%2Fb", NULL},
	{SL_HTTP_NORM_BASE, SL_HTTP_SLASHES_REJECT, "/a%5cb", NULL},
	{SL_HTTP_NORM_BASE, SL_HTTP_SLASHES_REJECT, "/a%2eb", "/a.b"},
	{SL_HTTP_NORM_BASE, SL_HTTP_SLASHES_UNESCAPE, "/a%2Fb%5Cc", "/a/b/c"},
	{SL_HTTP_NORM_BASE, SL_HTTP_SLASHES_UNESCAPE, "/a%2f..%5c..%2Fb", "/b"},
	{SL_HTTP_NORM_BASE, SL_HTTP_SLASHES_UNESCAPE, "/a%252Fb", "/a%252Fb"},
	{SL_HTTP_NORM_BASE, SL_HTTP_SLASHES_UNESCAPE, "/a%2%2fFb", NULL},
	{SL_HTTP_NORM_BASE, SL_HTTP_SLASHES_UNESCAPE, "/a%2f/b", "/a//b"},
	{SL_HTTP_NORM_BASE, SL_HTTP_SLASHES_UNESCAPE, "/a%2", NULL},
	{SL_HTTP_NORM_MERGE, SL_HTTP_SLASHES_UNESCAPE, "/a%2f/%5cb", "/a/b"},
	{SL_HTTP_NORM_NONE, SL_HTTP_SLASHES_UNESCAPE, "/a%2f..%5c%2e", "/a/..\\%2e"},
	{SL_HTTP_NORM_NONE, SL_HTTP_SLASHES_REDIRECT, "/a%2fb", "/a/b"},
};

static void test_modes(void **state)
{
	for (size_t i = 0; i < SL_ARRAY_LEN(modes); i++) {
		struct sl_http_path_rules rules = {modes[i].normalize, modes[i].slashes};
		char out[64];
		bool unescaped;
		int n = sl_http_path(sl_str(modes[i].in), &rules, out, sizeof(out), &unescaped);

		if (!modes[i].out) {
			assert_int_equal(n, -1);
			continue;
		}
		assert_int_equal(n, strlen(modes[i].out));
		assert_memory_equal(out, modes[i].out, (size_t)n);
		assert_int_equal(unescaped, modes[i].slashes != SL_HTTP_SLASHES_KEEP &&
						    modes[i].slashes != SL_HTTP_SLASHES_REJECT &&
						    !strstr(modes[i].in, "%25"));
	}
}

/* Over all short strings of the bytes that matter: the result is a fixed point, so no second
 * reader can resolve it further, and has no segment of dots. */
static void fixed_point(const struct sl_http_path_rules *rules)
{
	static const char alphabet[] = "/.\\a%2eE";
	char in[8] = "/", once[8], twice[8];

	for (uint32_t code = 0; code < 8u * 8 * 8 * 8 * 8 * 8; code++) {
		int n, m;

		for (int i = 0; i < 6; i++)
			in[i + 1] = alphabet[code >> (3 * i) & 7];
		n = sl_http_path((struct sl_str){in, 7}, rules, once, sizeof(once), NULL);
		if (n < 0)
			continue;
		assert_true(n >= 1 && n <= 7 && once[0] == '/');
		m = sl_http_path((struct sl_str){once, (uint32_t)n}, rules, twice, sizeof(twice),
				 NULL);
		assert_int_equal(n, m);
		assert_memory_equal(once, twice, (size_t)n);
		once[n] = 0;
		assert_null(strstr(once, "/../"));
		assert_null(strstr(once, "/./"));
		assert_null(strchr(once, '\\'));
		if (rules->normalize == SL_HTTP_NORM_MERGE)
			assert_null(strstr(once, "//"));
	}
}

static void test_fixed_point(void **state)
{
	fixed_point(&(struct sl_http_path_rules){0});
	fixed_point(&(struct sl_http_path_rules){.normalize = SL_HTTP_NORM_MERGE});
	fixed_point(&(struct sl_http_path_rules){.slashes = SL_HTTP_SLASHES_UNESCAPE});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_fixed_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
