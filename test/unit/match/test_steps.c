/* SPDX-License-Identifier: BSD-3-Clause */
/* Regexes that are a row of steps: which ones are, what they match, and damaged programs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "steps.h"

union room {
	struct sl_steps program;
	uint8_t bytes[SL_STEPS_ROOM];
};

static uint32_t compile(const char *regex, union room *out)
{
	return sl_steps_compile(sl_str(regex), 7, &out->program);
}

/* Whether one of n bytes of programs matches. */
static bool matches(const union room *room, uint32_t n, struct sl_str subject)
{
	for (const uint8_t *at = room->bytes; at < room->bytes + n;) {
		const struct sl_steps *p = (const struct sl_steps *)(const void *)at;

		if (sl_steps_match(p, subject))
			return true;
		at += p->bytes;
	}
	return false;
}

static const char *const rows_of_steps[] = {
	"",
	"abc",
	"v[0-9]+/items/[a-z0-9]+",
	"[^/]+/x",
	".*",
	"a+b",
	"\\d{2}x",
	"\\.\\-",
	"^a$",
	"[a-]+x",
	"[-a]?",
	"[\\w.]+/",
	"a{2,}b",
	"[+*]?a",
	"a?b?c*",
	"\\d*x",
	"x{1,3}y",
	"[\\]^]",
	"[a\\-z-]",
	"(a)",
	"(a|b)c",
	"(/.*)?",
	"(|a)b",
	"(?:v[0-9]+|beta)/x",
	"(a|)$",
	"^(a)(b)",
	"((a|(b|c)?)d)?[)|(](e)",
	"(\\)|a)",
	"(a*|b)c",
	"(0|1)(0|1)(0|1)(0|1)",
	".*/x",
	".+",
	"/a/.*/items/[a-z0-9]+",
	"a+.+b?c",
	".*.*",
	"a*.{2,}",
	"a.*a",
	"a(.*)b",
	"a+b?.*b*a*c",
	".*[^/]+/x",
	".*\\.(js|css)",
};

static const char *const other_regexes[] = {
	"a*a",
	"a?b?a",
	"a.*b.*c",
	".*[^/]+b?/x",
	"a*a.*b",
	"b.*a[ab]?c",
	"(a)b|c",
	"a|b",
	"[[:alpha:]]",
	"\\bfoo",
	"\\s",
	"a++",
	"a*?",
	"a{,2}",
	"x{0}",
	"[\\d-z]",
	"\xc3\xa9",
	"a{1}{2}",
	"^*",
	"a^",
	"$a",
	"[]a]",
	"\\x41",
	"\\Qa\\E",
	"a{1000}",
	"[^a]+b?",
	"(?i)a",
	"[\x80]",
	"a{",
	"}",
	"\\1",
	"[a",
	"a\\",
	"[a-",
	"[\\s]",
	"\\w+[_-]",
	"\\w{2,3}0",
	"(a",
	"(a|b)*",
	"(a)+",
	"(a)??",
	"(a){2}",
	"(^a)",
	"(a$)",
	"(?=a)b",
	"(?i:a)",
	"(*F)",
	"(a*)a",
	"(b|a?)a",
	"a(|*)",
	"x{2(,3}|b)",
	"(",
	"(?",
	"(a|",
	")",
	"((a)",
	"(\\s|a)",
	"(a|\\s)",
	"(0|1)(0|1)(0|1)(0|1)a?(a|b)",
	"(0|1|2|3|4|5|6|7|8|9|a|b|c|d|e|f|g)",
};

static void which_regexes_are(void **state)
{
	char longest[SL_STEPS_MAX + 2] = "";
	union room room;

	for (size_t i = 0; i < SL_ARRAY_LEN(rows_of_steps); i++)
		if (!compile(rows_of_steps[i], &room))
			fail_msg("'%s' is a row of steps", rows_of_steps[i]);
	for (size_t i = 0; i < SL_ARRAY_LEN(other_regexes); i++)
		if (compile(other_regexes[i], &room))
			fail_msg("'%s' is no row of steps", other_regexes[i]);
	memset(longest, 'a', SL_STEPS_MAX);
	assert_int_not_equal(compile(longest, &room), 0);
	assert_true(sl_steps_match(&room.program, sl_str(longest)));
	longest[SL_STEPS_MAX] = 'a';
	assert_false(sl_steps_match(&room.program, sl_str(longest)));
	assert_int_equal(compile(longest, &room), 0);
}

/* ---- the same answers as PCRE2 ---- */

static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static void random_regex(char *out, unsigned depth)
{
	static const char *const atoms[] = {"a",   "b",      "/",      "[ab]",  "[^/]",  ".",
					    "\\.", "[a-]",   "[^a-c]", "\\d",   "\\w",   "[\\w.]",
					    "-",   "1",      "[^]",    "[b-z]", "[/-9]", "[]ab]",
					    "\\W", "[\\-1]", ".*",     ".+"};
	static const char *const counts[] = {"",  "",    "",     "",      "*",  "+",
					     "?", "{2}", "{1,}", "{0,2}", "*?", "++"};

	for (uint32_t k = rnd(depth ? 3 : 5); k; k--) {
		if (rnd(4) || depth == 3) {
			strcat(out, atoms[rnd(SL_ARRAY_LEN(atoms))]);
			strcat(out, counts[rnd(SL_ARRAY_LEN(counts))]);
			continue;
		}
		strcat(out, rnd(4) ? "(" : "(?:");
		for (uint32_t n = rnd(3); n; n--) {
			random_regex(out, depth + 1);
			strcat(out, "|");
		}
		random_regex(out, depth + 1);
		strcat(out, rnd(3) ? ")" : rnd(4) ? ")?" : ")*");
	}
}

static uint32_t random_subject(char *out)
{
	static const char bytes[] = "aaabbc/./--z129_A\n\x80\xff";
	uint32_t n = rnd(8);

	for (uint32_t i = 0; i < n; i++)
		out[i] = bytes[rnd(sizeof(bytes))]; /* 0 too */
	return n;
}

static bool pcre2_matches(const pcre2_code *re, pcre2_match_data *data, struct sl_str s)
{
	return pcre2_match(re, (PCRE2_SPTR)s.p, s.n, 0, 0, data, NULL) >= 0;
}

static void agrees_with_pcre2(void **state)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	uint64_t first = seed = sl_wall_us();
	uint32_t rows = 0, several = 0, turns = 0, hits = 0;

	print_message("seed %llu\n", (unsigned long long)first);
	for (int round = 0; round < 20000; round++) {
		char regex[2048] = "", subject[8];
		union room room;
		PCRE2_SIZE at;
		pcre2_code *re;
		uint32_t n;
		int code;

		strcat(regex, rnd(8) ? "" : "^");
		random_regex(regex, 0);
		strcat(regex, rnd(8) ? "" : "$");
		re = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
				   PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOTALL, &code, &at,
				   NULL);
		n = re ? compile(regex, &room) : 0;
		if (!n) {
			pcre2_code_free(re);
			continue;
		}
		rows++;
		several += n > room.program.bytes;
		turns += room.program.turn != 0;
		assert_true(sl_steps_ok(&room, n));
		for (int k = 0; k < 20; k++) {
			struct sl_str s = {subject, random_subject(subject)};
			bool want = pcre2_matches(re, data, s);

			hits += want;
			if (matches(&room, n, s) != want)
				fail_msg("seed %llu: '%s' and '%.*s': not %d",
					 (unsigned long long)first, regex, SL_STR_ARG(s), !want);
		}
		pcre2_code_free(re);
	}
	pcre2_match_data_free(data);
	/* Neither few rows nor few matches, or this would say nothing. */
	assert_true(rows > 2000 && several > 400 && turns > 400 && hits > 2000);
}

/* ---- damage ---- */

static void damaged_programs_are_refused(void **state)
{
	union room room;
	uint32_t n = compile("v[0-9]+/items/[a-z]{2,3}", &room);
	struct sl_steps *p = &room.program;

	assert_true(n > 0 && sl_steps_ok(p, n));
	for (uint32_t less = 0; less < n; less += 4)
		assert_int_equal(sl_steps_ok(p, less), less == 0);
	for (int by = -1; by <= 1; by += 2) {
		p->end = (uint16_t)(p->end + by);
		assert_false(sl_steps_ok(p, n));
		p->end = (uint16_t)(p->end - by);
	}
	p->bytes = 0;
	assert_false(sl_steps_ok(p, n));
	p->bytes = (uint16_t)(n + 4);
	assert_false(sl_steps_ok(p, n));
	p->bytes = (uint16_t)n;
	p->id = SL_MATCH_ID_MAX;
	assert_false(sl_steps_ok(p, n));
	p->id = 7;
	assert_true(sl_steps_ok(p, n));
}

/* Steps go backwards from where one begins, or from the end. */
static void a_wrong_turn_is_refused(void **state)
{
	union room room;
	uint32_t n = compile("ab.*c", &room);
	struct sl_steps *p = &room.program;
	uint16_t begin = sizeof(*p), turn = p->turn;

	assert_int_equal(turn, begin + 3);
	assert_int_equal(p->end, turn + 2);
	for (uint32_t to = 0; to <= n; to++) {
		p->turn = (uint16_t)to;
		assert_int_equal(sl_steps_ok(p, n),
				 to == 0 || to == begin || to == turn || to == p->end);
	}
}

/* Whatever is taken for whole can be run: the sanitizer sees who leaves it. */
static void damage_at_random(const char *regex)
{
	union room room;
	uint32_t n = compile(regex, &room);
	struct sl_steps *p = malloc(n);

	assert_true(n > 0);
	assert_non_null(p);
	for (int round = 0; round < 20000; round++) {
		char subject[8];
		struct sl_str s = {subject, random_subject(subject)};

		memcpy(p, &room, n);
		((uint8_t *)p)[rnd(n)] = (uint8_t)rnd(256);
		if (sl_steps_ok(p, n))
			(void)sl_steps_match(p, s);
	}
	free(p);
}

static void what_is_taken_for_whole_can_be_run(void **state)
{
	seed = sl_wall_us();
	damage_at_random("v[0-9]+/items/[a-z]{2,3}");
	damage_at_random("v[0-9]/.*/items/[a-z]{2,3}");
}

/* ---- within a database ---- */

#define P(kind, text, id)                                     \
	{                                                     \
		SL_MATCH_##kind, {text, sizeof(text) - 1}, id \
	}

/* Rows of steps and other regexes, of one beginning and of none. */
static const struct sl_match_pattern mixed[] = {
	P(REGEX, "/a/[0-9]+", 6), P(REGEX, "/a/(1|22)+", 3), P(REGEX, "/a/[1-3]", 5),
	P(EXACT, "/a/2", 4),      P(REGEX, "[^/]+", 8),      P(REGEX, "(x|/a)*/b", 7),
	P(REGEX, "/a/9+", 1),     P(REGEX, "/a/(9|8)+", 2),  P(REGEX, "/a/(5|6x|77)", 0),
};

static void smallest_id_of_both_kinds(void **state)
{
	static const struct {
		const char *path;
		uint32_t id;
	} cases[] = {
		{"/a/1", 3},
		{"/a/2", 4},
		{"/a/3", 5},
		{"/a/44", 6},
		{"/a/22", 3},
		{"x/b", 7},
		{"x", 8},
		{"/a/b", 7},
		{"/a/9", 1},
		{"/a/8", 2},
		{"/a/99", 1},
		{"/a/88", 2},
		{"/a/5", 0},
		{"/a/6x", 0},
		{"/a/77", 0},
		{"/a/6", 6},
		{"/a/", SL_MATCH_NONE},
		{"/A/1", SL_MATCH_NONE},
		{"/", SL_MATCH_NONE},
	};
	struct sl_match_scratch *scratch = NULL;
	struct sl_err err = {""};
	size_t len;
	void *db;
	int bad;

	assert_int_equal(sl_match_compile(mixed, SL_ARRAY_LEN(mixed), &db, &len, &bad, &err), 0);
	assert_int_equal(sl_match_check(db, len, 0, &err), 0);
	assert_int_equal(sl_match_scratch_grow(&scratch, db, &err), 0);
	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
		if (sl_match_find(db, scratch, sl_str(cases[i].path), 0) != cases[i].id)
			fail_msg("'%s': not %u", cases[i].path, cases[i].id);
	sl_match_scratch_free(scratch);
	free(db);
}

/* n regexes of one beginning: whether their group has programs, when all of them are found. */
static bool group_has_programs(size_t n)
{
	struct sl_match_scratch *scratch = NULL;
	struct sl_match_pattern p[40];
	struct sl_err err = {""};
	char text[SL_ARRAY_LEN(p)][32];
	const struct sl_match_group *g;
	bool programs;
	size_t len;
	void *db;
	int bad;

	for (size_t i = 0; i < n; i++) {
		snprintf(text[i], sizeof(text[i]), "/a/v[0-9]+/(x|y)/%zu", i);
		p[i] = (struct sl_match_pattern){SL_MATCH_REGEX, sl_str(text[i]), (uint32_t)i,
						 false};
	}
	assert_int_equal(sl_match_compile(p, n, &db, &len, &bad, &err), 0);
	assert_int_equal(sl_match_scratch_grow(&scratch, db, &err), 0);
	for (size_t i = 0; i < n; i++) {
		snprintf(text[i], sizeof(text[i]), "/a/v12/%c/%zu", i % 2 ? 'x' : 'y', i);
		assert_int_equal(sl_match_find(db, scratch, sl_str(text[i]), 0), i);
	}
	g = sl_match_group(db, ((const struct sl_match_db *)db)->groups);
	programs = g->n_steps;
	assert_int_equal(g->n_ids == 0, programs);
	sl_match_scratch_free(scratch);
	free(db);
	return programs;
}

/* They are tried one by one. */
static void many_of_a_beginning_are_no_programs(void **state)
{
	assert_true(group_has_programs(1));
	assert_true(group_has_programs(4));
	assert_false(group_has_programs(40));
}

static struct sl_match_group *gated(struct sl_match_db *db)
{
	return (struct sl_match_group *)(uintptr_t)sl_match_group(
		db, sl_match_group_next(sl_match_group(db, db->groups)));
}

/* Databases that were written with a right checksum, but not by us. */
static void contradictions_are_refused(void **state)
{
	struct sl_err err = {""};
	struct sl_match_db *db, *copy;
	size_t len;
	void *out;
	int bad;

	assert_int_equal(sl_match_compile(mixed, SL_ARRAY_LEN(mixed), &out, &len, &bad, &err), 0);
	db = out;
	copy = aligned_alloc(SL_MATCH_ALIGN, len);
	assert_non_null(copy);
	assert_int_equal(db->n_groups, 2);
	for (int what = 0; what < 15; what++) {
		struct sl_match_group *g, *first;
		struct sl_steps *p;

		memcpy(copy, db, len);
		first = sl_match_group_at(copy, copy->groups);
		g = gated(copy);
		p = (struct sl_steps *)(g + 1);
		assert_true(g->n_steps > 0 && g->n_ids > 0 && g->len > 0);
		switch (what) {
		case 0:
			break;
		case 1:
			g->n_steps += 4;
			break;
		case 2:
			g->n_steps = UINT16_MAX - 31;
			break;
		case 3:
			copy->groups += 1;
			break;
		case 4:
			g->n_steps = 0;
			g->n_ids = 0;
			break;
		case 5:
			g->len += SL_MATCH_ALIGN;
			break;
		case 6:
			p->bytes = 0;
			break;
		case 7:
			p->end += 1;
			break;
		case 8:
			g->n_ids += SL_MATCH_ALIGN / sizeof(uint32_t);
			break;
		case 9:
			g->n_ids = UINT32_MAX;
			break;
		case 10:
			g->engine += 1; /* no engine begins there */
			break;
		case 11:
			g->engine = -1; /* among the groups */
			break;
		case 12:
			g->engine =
				-(int32_t)g->self - 1; /* before the database, which stands alone */
			break;
		case 13:
			g->gate += 1;
			break;
		case 14: /* an engine, but not its own */
			assert_true(first->len >= g->len);
			first->engine = (int32_t)(g->self - first->self) + g->engine;
			break;
		}
		copy->crc = sl_match_crc(copy);
		if (sl_match_check(copy, len, 0, &err) != (what ? -EBADMSG : 0))
			fail_msg("change %d is not judged right", what);
	}
	free(copy);
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_regexes_are),
		cmocka_unit_test(agrees_with_pcre2),
		cmocka_unit_test(damaged_programs_are_refused),
		cmocka_unit_test(a_wrong_turn_is_refused),
		cmocka_unit_test(what_is_taken_for_whole_can_be_run),
		cmocka_unit_test(smallest_id_of_both_kinds),
		cmocka_unit_test(many_of_a_beginning_are_no_programs),
		cmocka_unit_test(contradictions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
