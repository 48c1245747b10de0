/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packet cases and random packets for lib/nat.
 *
 *   run FOLDER [TITLE_PART]                     plays the cases of the folder's *.case files
 *   run --kernel NAMESPACE FOLDER [TITLE_PART]  the same packets through the kernel's NAT
 *   run --random PACKETS [--seed N] [--break]   compares with the reference translator
 */
#include <dirent.h>
#include <stdlib.h>
#include <time.h>

#include "case.h"
#include "reference.h"

#define CASES_MAX 1000

static struct nat_case cases[CASES_MAX];
static char *defaults;
static struct kernel *kernel; /* NULL: the box is played against */

static void play_one(void **state)
{
	case_play(*state, defaults);
}

static int is_case(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');

	return dot && strcmp(dot, ".case") == 0;
}

static char *text_of(const char *path)
{
	char *text = calloc(1, 65536);
	FILE *f = fopen(path, "r");

	if (f && fread(text, 1, 65535, f) == 0)
		*text = '\0';
	if (f)
		fclose(f);
	return text;
}

static void play_kernel(void **state)
{
	case_play_kernel(*state, kernel);
}

static void say_differences(const struct CMUnitTest *tests, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const char *why = case_differs(tests[i].initial_state);

		if (why)
			printf("differs, %s: %s\n", tests[i].name, why);
	}
}

static bool is_wanted(const struct nat_case *c, const char *part, bool different)
{
	return (!part || strstr(c->title, part)) &&
	       (!kernel || (case_is_for_kernel(c) && !case_differs(c) == !different));
}

/* Cases in which the kernel differs are there to fail: the reasons given for them hold. */
static int play_different(const char *part, unsigned n)
{
	static struct CMUnitTest tests[CASES_MAX];
	unsigned n_tests = 0;
	int failed;

	for (unsigned i = 0; i < n; i++)
		if (is_wanted(&cases[i], part, true))
			tests[n_tests++] = (struct CMUnitTest){.name = cases[i].title,
							       .test_func = play_kernel,
							       .initial_state = &cases[i]};
	failed = _cmocka_run_group_tests("differences", tests, n_tests, NULL, NULL);
	say_differences(tests, n_tests);
	printf("%d of %u differ as they should\n", failed, n_tests);
	return (int)n_tests - failed;
}

static int play_all(const char *dir, const char *part)
{
	static struct CMUnitTest tests[CASES_MAX];
	unsigned n = 0, n_tests = 0;
	struct dirent **e;
	char path[1024];
	int files = scandir(dir, &e, is_case, alphasort), failed, same = 0;

	for (int i = 0; i < files; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, e[i]->d_name);
		n += case_read(path, cases + n, CASES_MAX - n);
		free(e[i]);
	}
	if (files >= 0)
		free(e);
	snprintf(path, sizeof(path), "%s/default.conf", dir);
	defaults = text_of(path);
	for (unsigned i = 0; i < n; i++)
		if (is_wanted(&cases[i], part, false))
			tests[n_tests++] =
				(struct CMUnitTest){.name = cases[i].title,
						    .test_func = kernel ? play_kernel : play_one,
						    .initial_state = &cases[i]};
	failed = _cmocka_run_group_tests("nat cases", tests, n_tests, NULL, NULL);
	if (kernel)
		same = play_different(part, n);
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < cases[i].n; k++)
			free(cases[i].line[k]);
	free(defaults);
	printf("%u passed, %d failed\n", n_tests - (unsigned)failed, failed);
	return failed || same || !n_tests;
}

int main(int argc, char **argv)
{
	uint64_t packets = 0, seed = (uint64_t)time(NULL);
	const char *dir = NULL, *part = NULL, *peers = NULL;
	bool broken = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--random") == 0 && i + 1 < argc)
			packets = strtoull(argv[++i], NULL, 0);
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 0);
		else if (strcmp(argv[i], "--kernel") == 0 && i + 1 < argc)
			peers = argv[++i];
		else if (strcmp(argv[i], "--break") == 0)
			broken = true;
		else if (!dir)
			dir = argv[i];
		else
			part = argv[i];
	}
	if (packets)
		return reference_run(packets, seed, broken);
	if (!dir) {
		fprintf(stderr, "usage: run FOLDER [TITLE_PART] | --random PACKETS [--seed N]\n");
		return 2;
	}
	if (peers && !(kernel = kernel_open(peers))) {
		perror(peers);
		return 2;
	}
	return play_all(dir, part);
}
