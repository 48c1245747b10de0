/* SPDX-License-Identifier: BSD-3-Clause */
/* Plays the cases of test/protocol: all of a folder, or those named. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

#define CASES_MAX 1000

static unsigned passed, failed;

static void play(const char *dir, const char *name)
{
	char path[1024], why[SCRIPT_WHY_MAX] = "";

	snprintf(path, sizeof(path), "%s/%s.case", dir, name);
	if (script_play(path, why)) {
		passed++;
		return;
	}
	failed++;
	printf("FAIL %s\n     %s\n", name, why);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void play_all(const char *dir)
{
	char *names[CASES_MAX];
	unsigned n = 0;
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && n < CASES_MAX && (e = readdir(d))) {
		char *dot = strrchr(e->d_name, '.');

		if (dot && strcmp(dot, ".case") == 0)
			names[n++] = strndup(e->d_name, (size_t)(dot - e->d_name));
	}
	if (d)
		closedir(d);
	qsort(names, n, sizeof(names[0]), by_name);
	for (unsigned i = 0; i < n; i++) {
		play(dir, names[i]);
		free(names[i]);
	}
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: run FOLDER [CASE...]\n");
		return 2;
	}
	if (argc == 2)
		play_all(argv[1]);
	for (int i = 2; i < argc; i++)
		play(argv[1], argv[i]);
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
