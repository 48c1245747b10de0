/* SPDX-License-Identifier: BSD-3-Clause */
/* Hyperscan glue: kinds of match, first in list order, regex framing, damage, and a naive oracle.
 */
#include <errno.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "beginning.h"
#include "sl_match.h"

struct db {
	void *bytes;
	size_t len;
	struct sl_match_scratch *scratch;
};

static void db_make(struct db *db, const struct sl_match_pattern *patterns, size_t n)
{
	struct sl_err err = {""};
	int bad;
	int rc = sl_match_compile(patterns, n, &db->bytes, &db->len, &bad, &err);

	if (rc)
		fail_msg("compile: %d, pattern %d: %s", rc, bad, err.text);
	db->scratch = NULL;
	assert_int_equal(bad, -1);
	assert_int_equal(sl_match_check(db->bytes, db->len, 0, &err), 0);
	assert_int_equal(sl_match_scratch_grow(&db->scratch, db->bytes, &err), 0);
}

static void db_free(struct db *db)
{
	sl_match_scratch_free(db->scratch);
	free(db->bytes);
}

static uint32_t find(const struct db *db, const char *subject)
{
	return sl_match_find(db->bytes, db->scratch, sl_str(subject), 0);
}

#define P(kind, text, id)                                     \
	{                                                     \
		SL_MATCH_##kind, {text, sizeof(text) - 1}, id \
	}

static void kinds(void **state)
{
	static const struct sl_match_pattern p[] = {P(EXACT, "/exact", 1), P(PREFIX, "/pre", 2),
						    P(SUFFIX, ".foo.com", 3),
						    P(REGEX, "/re/[0-9]+", 4), P(EXACT, "", 5)};
	struct db db;

	db_make(&db, p, SL_ARRAY_LEN(p));
	assert_int_equal(find(&db, "/exact"), 1);
	assert_int_equal(find(&db, "/exact/"), SL_MATCH_NONE);
	assert_int_equal(find(&db, "x/exact"), SL_MATCH_NONE);
	assert_int_equal(find(&db, "/pre"), 2);
	assert_int_equal(find(&db, "/prefix/and/more"), 2);
	assert_int_equal(find(&db, "/pr"), SL_MATCH_NONE);
	assert_int_equal(find(&db, "a.foo.com"), 3);
	assert_int_equal(find(&db, "a.b.foo.com"), 3);
	assert_int_equal(find(&db, ".foo.com"), SL_MATCH_NONE);
	assert_int_equal(find(&db, "foo.com"), SL_MATCH_NONE);
	assert_int_equal(find(&db, "a.foo.com.org"), SL_MATCH_NONE);
	assert_int_equal(find(&db, "/re/42"), 4);
	assert_int_equal(find(&db, "/re/42x"), SL_MATCH_NONE);
	assert_int_equal(find(&db, "x/re/42"), SL_MATCH_NONE);
	assert_int_equal(find(&db, ""), 5);
	db_free(&db);
}

static void smallest_id_wins(void **state)
{
	static const struct sl_match_pattern p[] = {P(PREFIX, "/a", 7), P(REGEX, "/a.*", 3),
						    P(EXACT, "/ab", 5), P(PREFIX, "/", 9),
						    P(ANY, "", 8),      P(EXACT, "/ab", 6)};
	struct db db;

	db_make(&db, p, SL_ARRAY_LEN(p));
	assert_int_equal(find(&db, "/ab"), 3);
	assert_int_equal(find(&db, "/b"), 8);
	assert_int_equal(find(&db, "*"), 8);
	db_free(&db);
}

static void only_any(void **state)
{
	static const struct sl_match_pattern p[] = {P(ANY, "", 4), P(ANY, "", 2)};
	struct db db;

	db_make(&db, p, SL_ARRAY_LEN(p));
	assert_int_equal(find(&db, "/whatever"), 2);
	assert_int_equal(find(&db, "bad\x01"), SL_MATCH_NONE);
	db_free(&db);
}

static void no_patterns(void **state)
{
	struct db db;

	db_make(&db, NULL, 0);
	assert_int_equal(find(&db, "/"), SL_MATCH_NONE);
	db_free(&db);
}

/* A client that could smuggle a sentinel in would choose its own route. */
static void control_bytes_never_match(void **state)
{
	static const struct sl_match_pattern p[] = {P(EXACT, "/a", 1), P(PREFIX, "/b", 2),
						    P(SUFFIX, ".c", 3), P(REGEX, ".*", 4)};
	static const char forged[] = "x\x01/a\x02y";
	static const char nul[] = "/b\0";
	struct db db;

	db_make(&db, p, SL_ARRAY_LEN(p));
	assert_int_equal(find(&db, forged), SL_MATCH_NONE);
	assert_int_equal(find(&db, "\x01/b"), SL_MATCH_NONE);
	assert_int_equal(find(&db, "x.c\x02"), SL_MATCH_NONE);
	assert_int_equal(find(&db, "/b\x7f"), SL_MATCH_NONE);
	assert_int_equal(find(&db, "/b\n"), SL_MATCH_NONE);
	assert_int_equal(sl_match_find(db.bytes, db.scratch, (struct sl_str){nul, 3}, 0),
			 SL_MATCH_NONE);
	assert_int_equal(find(&db, "/b\xc3\xa4"), 2);
	/* At any place of a path of any length. */
	for (uint32_t n = 3; n < 39; n++)
		for (uint32_t at = 2; at < n; at++) {
			char path[40] = "/b34567890123456789012345678901234567\xff";

			assert_int_equal(
				sl_match_find(db.bytes, db.scratch, (struct sl_str){path, n}, 0),
				2);
			path[at] = at & 1 ? 0x1f : 0x7f;
			assert_int_equal(
				sl_match_find(db.bytes, db.scratch, (struct sl_str){path, n}, 0),
				SL_MATCH_NONE);
		}
	db_free(&db);
}

static void fold_lowers_the_subject_only(void **state)
{
	static const struct sl_match_pattern p[] = {P(EXACT, "www.example.com", 1),
						    P(SUFFIX, ".Foo.com", 2)};
	struct db db;

	db_make(&db, p, SL_ARRAY_LEN(p));
	assert_int_equal(sl_match_find(db.bytes, db.scratch, SL_STR("WWW.Example.COM"), 1), 1);
	assert_int_equal(sl_match_find(db.bytes, db.scratch, SL_STR("WWW.Example.COM"), 0),
			 SL_MATCH_NONE);
	assert_int_equal(sl_match_find(db.bytes, db.scratch, SL_STR("a.Foo.com"), 1),
			 SL_MATCH_NONE);
	db_free(&db);
}

static void long_subjects(void **state)
{
	static const struct sl_match_pattern p[] = {P(PREFIX, "/a", 1), P(REGEX, "b+", 2)};
	static char text[SL_MATCH_SUBJECT_MAX + 1];
	struct db db;

	db_make(&db, p, SL_ARRAY_LEN(p));
	memset(text, 'b', sizeof(text));
	assert_int_equal(
		sl_match_find(db.bytes, db.scratch, (struct sl_str){text, SL_MATCH_SUBJECT_MAX}, 0),
		2);
	assert_int_equal(sl_match_find(db.bytes, db.scratch,
				       (struct sl_str){text, SL_MATCH_SUBJECT_MAX + 1}, 0),
			 SL_MATCH_NONE);
	memcpy(text, "/a", 2);
	assert_int_equal(
		sl_match_find(db.bytes, db.scratch, (struct sl_str){text, SL_MATCH_SUBJECT_MAX}, 0),
		1);
	db_free(&db);
}

/* A regex is a match of the whole path, as in RE2's FullMatch, whatever it brings along. */
static void regexes_match_the_whole_subject(void **state)
{
	static const struct {
		const char *regex, *yes, *no;
	} cases[] = {
		{"/a|/b", "/b", "/bc"},
		{"/a|/b", "/a", "x/a"},
		{"^/api/.*$", "/api/", "/ap"},
		{"^/x$|^/y$", "/y", "/y/"},
		{".*", "", "\x02"},
		{".*", "/any thing", "\x01"},
		{"[^x]*", "/abc", "/axc"},
		{"[^/]+", "abc", "/abc"},
		{"(?i)/Case", "/cASE", "/caze"},
		{"/a(/b)?", "/a/b", "/a/"},
		{"\\/v[12]\\/.+", "/v2/x", "/v3/x"},
		{"/[[:alpha:]]+", "/abc", "/ab1"},
		{"/\\d{2,3}", "/123", "/1234"},
		{"/a.b",
		 "/a\xff"
		 "b",
		 "/ab"},
		{"\\Q/a+b\\E", "/a+b", "/aab"},
		{".*/end", "/the/end", "/the/end/"},
		{"/(?P<name>[a-z]+)", "/abc", "/ABC"},
		{"", "", "a"},
		{"a*", "", "b"},
		{"(a|b)*?c", "ababc", "ababcc"},
		{"/api\\b.x", "/api-x", "/apiux"},
		{"/a\\[.", "/a[^", "/a["},
	};

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		struct sl_match_pattern p = {SL_MATCH_REGEX, sl_str(cases[i].regex), 1};
		struct db db;

		db_make(&db, &p, 1);
		if (find(&db, cases[i].yes) != 1)
			fail_msg("%s should match '%s'", cases[i].regex, cases[i].yes);
		if (find(&db, cases[i].no) != SL_MATCH_NONE)
			fail_msg("%s should not match '%s'", cases[i].regex, cases[i].no);
		db_free(&db);
	}
}

static void bad_regexes_are_refused_with_a_reason(void **state)
{
	static const char *const bad_regex[] = {"a)|(b",  "(",     "[a",  "a{2,1}",
						"(?=x)y", "\\1",   "*a",  "(?x)a#c",
						"\\Qabc", "a\x01", "a\\", "(a)(?<=b)"};

	for (size_t i = 0; i < SL_ARRAY_LEN(bad_regex); i++) {
		struct sl_match_pattern p[] = {P(EXACT, "/a", 0),
					       P(REGEX, "/ok", 1),
					       {SL_MATCH_REGEX, sl_str(bad_regex[i]), 2}};
		struct sl_err err = {""};
		void *bytes;
		size_t len;
		int bad;

		if (sl_match_compile(p, 3, &bytes, &len, &bad, &err) != -EINVAL)
			fail_msg("'%s' should be refused", bad_regex[i]);
		assert_int_equal(bad, 2);
		assert_null(bytes);
		assert_true(strlen(err.text) > 5);
	}
}

static void bad_literals_and_ids_are_refused(void **state)
{
	static const struct sl_match_pattern p[] = {P(EXACT, "/a\x02", 0),
						    P(EXACT, "/a", SL_MATCH_ID_MAX),
						    {(enum sl_match_kind)9, {"", 0}, 1}};

	for (size_t i = 0; i < SL_ARRAY_LEN(p); i++) {
		struct sl_err err = {""};
		void *bytes;
		size_t len;
		int bad;

		assert_int_equal(sl_match_compile(&p[i], 1, &bytes, &len, &bad, &err), -EINVAL);
		assert_int_equal(bad, 0);
	}
}

static void usable_at_another_address(void **state)
{
	static const struct sl_match_pattern p[] = {P(EXACT, "/a", 1), P(REGEX, "/r[0-9]", 2),
						    P(SUFFIX, ".z", 3)};
	struct sl_err err = {""};
	struct db db;
	char *place;

	db_make(&db, p, SL_ARRAY_LEN(p));
	for (size_t shift = 64; shift <= 4096; shift *= 2) {
		place = aligned_alloc(8192, 2 * 8192 + (db.len + 8191) / 8192 * 8192);
		assert_non_null(place);
		memcpy(place + shift, db.bytes, db.len);
		assert_int_equal(sl_match_check(place + shift, db.len, 0, &err), 0);
		assert_int_equal(sl_match_find(place + shift, db.scratch, SL_STR("/a"), 0), 1);
		assert_int_equal(sl_match_find(place + shift, db.scratch, SL_STR("/r7"), 0), 2);
		assert_int_equal(sl_match_find(place + shift, db.scratch, SL_STR("y.z"), 0), 3);
		free(place);
	}
	db_free(&db);
}

static void every_damaged_byte_is_noticed(void **state)
{
	static const struct sl_match_pattern p[] = {P(EXACT, "/a", 1), P(REGEX, "/r[0-9]", 2),
						    P(SUFFIX, ".z", 3)};
	struct sl_err err = {""};
	struct db db;

	db_make(&db, p, SL_ARRAY_LEN(p));
	for (size_t i = 0; i < db.len; i += 1 + i / 128) {
		((uint8_t *)db.bytes)[i] ^= 0x10;
		assert_true(sl_match_check(db.bytes, db.len, 0, &err) < 0);
		((uint8_t *)db.bytes)[i] ^= 0x10;
	}
	for (size_t n = 0; n < db.len; n += 64)
		assert_int_equal(sl_match_check(db.bytes, n, 0, &err), -EBADMSG);
	assert_int_equal(sl_match_check((char *)db.bytes + 8, db.len - 64, 0, &err), -EBADMSG);
	assert_int_equal(sl_match_check(db.bytes, db.len, 0, &err), 0);
	db_free(&db);
}

static void one_scratch_serves_many_databases(void **state)
{
	static const struct sl_match_pattern small[] = {P(EXACT, "/a", 1)};
	static const struct sl_match_pattern big[] = {P(REGEX, "/(a|b)*c[0-9]{3,9}", 1),
						      P(REGEX, ".*x.*y.*z", 2), P(PREFIX, "/p", 3)};
	struct sl_err err = {""};
	struct db a, b;

	db_make(&a, small, SL_ARRAY_LEN(small));
	db_make(&b, big, SL_ARRAY_LEN(big));
	assert_int_equal(sl_match_scratch_grow(&a.scratch, b.bytes, &err), 0);
	assert_int_equal(sl_match_find(a.bytes, a.scratch, SL_STR("/a"), 0), 1);
	assert_int_equal(sl_match_find(b.bytes, a.scratch, SL_STR("/abc1234"), 0), 1);
	assert_int_equal(sl_match_find(b.bytes, a.scratch, SL_STR("/px.y.z"), 0), 2);
	db_free(&a);
	db_free(&b);
}

static uint32_t note(void *arg, uint32_t id)
{
	*(uint32_t *)arg |= 1u << id;
	return SL_MATCH_NONE;
}

static uint32_t note_once(void *arg, uint32_t id)
{
	*(uint32_t *)arg |= 1u << id;
	return id;
}

static void scan_reports_every_match_below_the_bound(void **state)
{
	static const struct sl_match_pattern p[] = {P(EXACT, "/ab", 0), P(PREFIX, "/a", 1),
						    P(REGEX, "/.b", 2), P(REGEX, "/.c", 3),
						    P(ANY, "", 4),      P(SUFFIX, "/ab", 5)};
	uint32_t seen = 0;
	struct db db;

	db_make(&db, p, SL_ARRAY_LEN(p));
	sl_match_scan(db.bytes, db.scratch, SL_STR("/ab"), 0, &(struct sl_match_sink){note, &seen});
	assert_int_equal(seen, 0x17);
	seen = 0;
	sl_match_scan(db.bytes, db.scratch, SL_STR("/xb"), 0,
		      &(struct sl_match_sink){note_once, &seen});
	assert_int_equal(seen, 0x14); /* the regex comes before what was found */
	seen = 0;
	sl_match_scan(db.bytes, db.scratch, SL_STR("/ab"), 0,
		      &(struct sl_match_sink){note_once, &seen});
	assert_int_equal(seen & 0x04, 0); /* and here behind it */
	db_free(&db);
}

static void case_is_ignored_where_asked(void **state)
{
	static const struct sl_match_pattern p[] = {{SL_MATCH_EXACT, {"/Exact", 6}, 0, true},
						    {SL_MATCH_PREFIX, {"/PRE", 4}, 1, true},
						    P(EXACT, "/exact", 2),
						    P(PREFIX, "/", 3)};
	struct db db;

	db_make(&db, p, SL_ARRAY_LEN(p));
	assert_int_equal(find(&db, "/eXACT"), 0);
	assert_int_equal(find(&db, "/prEfix"), 1);
	assert_int_equal(find(&db, "/exac"), 3);
	db_free(&db);
}

/* A regex of its own, also within a scan's callback. */
struct nested {
	const struct db *scanned, *regex;
	bool hit;
};

static uint32_t look_closer(void *arg, uint32_t id)
{
	struct nested *n = arg;

	n->hit = sl_match_regex(n->regex->bytes, n->scanned->scratch, SL_STR("a\tb"));
	return id;
}

static void regex_alone_works_within_a_scan(void **state)
{
	static const struct sl_match_pattern p[] = {P(PREFIX, "/", 0)};
	static const struct sl_match_pattern r[] = {P(REGEX, "a.b", 0)};
	static const struct sl_match_pattern gated[] = {P(REGEX, "ab.c", 0)};
	struct db db, regex;
	struct nested n = {&db, &regex, false};
	struct sl_err err = {""};

	db_make(&db, p, SL_ARRAY_LEN(p));
	db_make(&regex, r, SL_ARRAY_LEN(r));
	assert_int_equal(sl_match_scratch_grow(&db.scratch, regex.bytes, &err), 0);
	assert_true(sl_match_regex(regex.bytes, db.scratch,
				   SL_STR("a\x01"
					  "b")));
	assert_false(sl_match_regex(regex.bytes, db.scratch, SL_STR("xa.b")));
	assert_false(sl_match_regex(db.bytes, db.scratch, SL_STR("a.b")));
	sl_match_scan(db.bytes, db.scratch, SL_STR("/x"), 0,
		      &(struct sl_match_sink){look_closer, &n});
	assert_true(n.hit);
	db_free(&regex);
	db_make(&regex, gated, SL_ARRAY_LEN(gated));
	assert_int_equal(sl_match_scratch_grow(&db.scratch, regex.bytes, &err), 0);
	assert_true(sl_match_regex(regex.bytes, db.scratch, SL_STR("ab\tc")));
	assert_false(sl_match_regex(regex.bytes, db.scratch, SL_STR("ab\tcc")));
	assert_false(sl_match_regex(regex.bytes, db.scratch, SL_STR("xab\tc")));
	assert_false(sl_match_regex(regex.bytes, db.scratch, SL_STR("")));
	db_free(&regex);
	db_free(&db);
}

/* What a regex is looked for by; empty when every subject has to be scanned. */
static void beginnings_of_regexes(void **state)
{
	static const struct {
		const char *regex, *begin;
	} cases[] = {
		{"/api/v[0-9]+/x", "/api/v"},
		{"^/api/.*$", "/api/"},
		{"/a\\.b\\d", "/a.b"},
		{"/api/(a|b)", "/api/"},
		{"/api/(?:a|(b|c))/[|)]\\|", "/api/"},
		{"/api/(?P<n>a|b)", "/api/"},
		{"/api/[]|(]+[^]|]", "/api/"},
		{"/api/[[:alpha:]|]", "/api/"},
		{"/plain", "/plain"},
		/* The last byte need not be there. */
		{"/apis?", "/api"},
		{"/apis*/x", "/api"},
		{"/apis{0,2}", "/api"},
		{"/apis+", "/api"},
		/* What follows may stand at the beginning as well, or changes what stands there. */
		{"/a|/b", ""},
		{"/a(b|c)|x", ""},
		{"(?i)/api", ""},
		{"/api(?i)x", ""},
		{"/api(?#|)x", ""},
		{"\\Q/api\\E", ""},
		{"/api\\Q(\\E|x", ""},
		{"/api[[:]|]x", ""},
		{"/api\\c|x", ""},
		{"(/api)", ""},
		{"[/]api", ""},
		{".*", ""},
		{"\\d", ""},
		{"^", ""},
		{"", ""},
	};
	char out[64];

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		size_t n = sl_regex_beginning(sl_str(cases[i].regex), out);

		if (n != strlen(cases[i].begin) || memcmp(out, cases[i].begin, n) != 0)
			fail_msg("%s: '%.*s', not '%s'", cases[i].regex, (int)n, out,
				 cases[i].begin);
	}
}

/* What is left of a regex behind its beginning; 0 when that means something else on its own. */
static void rests_of_regexes(void **state)
{
	static const struct {
		const char *regex;
		size_t n, rest;
	} cases[] = {
		{"/api/v[^0-9]+", 6, 6}, {"/api/v[0-9]+", 3, 3}, {"^/api/.*", 5, 6},
		{"/a\\.b\\d", 4, 5},     {"/plain", 6, 6},       {"/a\\[[^x]", 3, 4},
		{"/api/^x", 5, 0},       {"/api\\b.*", 4, 0},    {"/api(^|/).*", 4, 0},
		{"/a\\[^x", 3, 0},       {"/api\\B", 4, 0},      {"/a\\.b\\A", 4, 0},
		{"/api/.*$", 5, 5},
	};

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
		if (sl_regex_rest(sl_str(cases[i].regex), cases[i].n) != cases[i].rest)
			fail_msg("%s: not %zu", cases[i].regex, cases[i].rest);
}

/* Beginnings within one another, more than there are gates, and some that lead elsewhere. */
static void regexes_with_nested_beginnings(void **state)
{
	static const struct sl_match_pattern p[] = {
		P(REGEX, "/a/[0-9]", 9),     P(REGEX, "/a/b/[0-9]", 8),
		P(REGEX, "/a/b/c.*", 7),     P(REGEX, "/a/b/c/[0-9]", 6),
		P(REGEX, "/a/b/c/d/.*", 5),  P(REGEX, "/a/b/c/d/e/[0-9]", 4),
		P(REGEX, "/b/x.*", 3),       P(REGEX, ".*/0", 2),
		P(REGEX, "/a/b/c/x[0-9]", 1)};
	static const struct {
		const char *path;
		uint32_t id;
	} cases[] = {
		{"/a/1", 9},
		{"/a/b/1", 8},
		{"/a/b/c", 7},
		{"/a/b/c/1", 6},
		{"/a/b/c/d/", 5},
		{"/a/b/c/d/e/1", 4},
		{"/b/xyz", 3},
		{"/a/b/c/d/e/0", 2},
		{"/0", 2},
		{"/a/b/c/x1", 1},
		{"/a/", SL_MATCH_NONE},
		{"/b/", SL_MATCH_NONE},
		{"/a/b/x1", SL_MATCH_NONE},
		{"/A/1", SL_MATCH_NONE},
		{"", SL_MATCH_NONE},
	};
	struct db db;

	db_make(&db, p, SL_ARRAY_LEN(p));
	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
		if (find(&db, cases[i].path) != cases[i].id)
			fail_msg("'%s': not %u", cases[i].path, cases[i].id);
	db_free(&db);
}

/* Literals of every length around a word's, each a beginning of the next. */
static void literals_of_every_length(void **state)
{
	static struct sl_match_pattern p[130];
	static char text[80];
	struct db db;

	for (uint32_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('!' + i);
	for (uint32_t i = 0; i < 65; i++) {
		p[2 * i] = (struct sl_match_pattern){SL_MATCH_PREFIX, {text, 64 - i}, 2 * i + 1};
		p[2 * i + 1] = (struct sl_match_pattern){SL_MATCH_EXACT, {text, i}, 2 * (64 - i)};
	}
	db_make(&db, p, SL_ARRAY_LEN(p));
	for (uint32_t n = 0; n <= sizeof(text); n++) {
		struct sl_str s = {text, n};
		uint32_t id = sl_match_find(db.bytes, db.scratch, s, 0);

		assert_int_equal(id, n > 64 ? 1 : 2 * (64 - n));
		text[n / 2] ^= 1; /* the longest beginning that is still as it was */
		id = sl_match_find(db.bytes, db.scratch, s, 0);
		assert_int_equal(id, n > 64 && n / 2 >= 64 ? 1 : n ? 2 * (64 - n / 2) + 1 : 128);
		text[n / 2] ^= 1;
	}
	db_free(&db);
}

/* ---- oracle: the same answer as a linear walk, over random patterns and subjects ---- */

static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static size_t random_text(char *out, size_t max)
{
	static const char *const parts[] = {"/", "a", "b", "ab", "/a", "/b", ".", "aa", "c"};
	size_t n = 0;

	out[0] = '\0';
	for (uint32_t k = rnd(6); k > 0; k--) {
		const char *part = parts[rnd(SL_ARRAY_LEN(parts))];

		if (n + strlen(part) >= max)
			break;
		memcpy(out + n, part, strlen(part) + 1);
		n += strlen(part);
	}
	return n;
}

/* A regex that POSIX and Hyperscan read alike. */
static void random_regex(char *out)
{
	static const char *const parts[] = {"/",     "a",  "ab",   "b+",     "(ab|c)", "[ab]*",
					    "[^a]",  ".",  "(a|)", "a{1,2}", ".*",     "\\.",
					    "(/a)?", "b?", "a*",   "|/a"};

	out[0] = '\0';
	for (uint32_t k = 1 + rnd(4); k > 0; k--)
		strcat(out, parts[rnd(SL_ARRAY_LEN(parts))]);
}

static bool naive(const struct sl_match_pattern *p, struct sl_str s)
{
	char wrapped[256];
	regex_t re;
	bool hit;

	switch (p->kind) {
	case SL_MATCH_EXACT:
		return sl_str_eq(p->text, s);
	case SL_MATCH_PREFIX:
		return sl_str_starts(s, p->text);
	case SL_MATCH_SUFFIX:
		return s.n > p->text.n && memcmp(s.p + s.n - p->text.n, p->text.p, p->text.n) == 0;
	case SL_MATCH_ANY:
		return true;
	case SL_MATCH_REGEX:
		break;
	}
	snprintf(wrapped, sizeof(wrapped), "^(%s)$", p->text.p);
	assert_int_equal(regcomp(&re, wrapped, REG_EXTENDED | REG_NOSUB), 0);
	hit = regexec(&re, s.p, 0, NULL, 0) == 0;
	regfree(&re);
	return hit;
}

static void agrees_with_a_linear_walk(void **state)
{
	static char text[16][128], subject[256];
	struct sl_match_pattern p[16];
	uint64_t first = seed = sl_wall_us();

	print_message("seed %llu\n", (unsigned long long)first);
	for (int round = 0; round < 300; round++) {
		uint32_t n = 1 + rnd(15);
		struct db db;

		for (uint32_t i = 0; i < n; i++) {
			uint32_t kind = rnd(20);

			p[i].kind = kind < 19 ? (enum sl_match_kind)(kind % 4) : SL_MATCH_ANY;
			p[i].id = i;
			p[i].fold = false;
			if (p[i].kind == SL_MATCH_REGEX)
				random_regex(text[i]);
			else
				random_text(text[i], sizeof(text[i]));
			p[i].text = sl_str(text[i]);
		}
		db_make(&db, p, n);
		for (int k = 0; k < 60; k++) {
			uint32_t want = SL_MATCH_NONE, got;

			random_text(subject, sizeof(subject));
			for (uint32_t i = n; i-- > 0;)
				if (naive(&p[i], sl_str(subject)))
					want = i;
			got = find(&db, subject);
			if (got != want)
				fail_msg("seed %llu: '%s': %u, not %u", (unsigned long long)first,
					 subject, got, want);
		}
		db_free(&db);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(smallest_id_wins),
		cmocka_unit_test(only_any),
		cmocka_unit_test(no_patterns),
		cmocka_unit_test(control_bytes_never_match),
		cmocka_unit_test(fold_lowers_the_subject_only),
		cmocka_unit_test(long_subjects),
		cmocka_unit_test(regexes_match_the_whole_subject),
		cmocka_unit_test(bad_regexes_are_refused_with_a_reason),
		cmocka_unit_test(bad_literals_and_ids_are_refused),
		cmocka_unit_test(usable_at_another_address),
		cmocka_unit_test(every_damaged_byte_is_noticed),
		cmocka_unit_test(one_scratch_serves_many_databases),
		cmocka_unit_test(scan_reports_every_match_below_the_bound),
		cmocka_unit_test(case_is_ignored_where_asked),
		cmocka_unit_test(regex_alone_works_within_a_scan),
		cmocka_unit_test(beginnings_of_regexes),
		cmocka_unit_test(rests_of_regexes),
		cmocka_unit_test(regexes_with_nested_beginnings),
		cmocka_unit_test(literals_of_every_length),
		cmocka_unit_test(agrees_with_a_linear_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
