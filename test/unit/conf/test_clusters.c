/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Objects to clusters and routes: FOLDER/NAME.yaml and in NAME.want the model and warnings that it
 * must give, seen from a box at eu/north/r1; of clusters/ only the clusters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "conf/source_dir.h"
#include "dump.h"
#include "sl_conf.h"

#define DIR SL_SOURCE_DIR "/test/unit/conf/"

static char *read_file(const char *name, const char *ext)
{
	char path[4096];
	char *text = calloc(1, 16384);
	FILE *f;

	snprintf(path, sizeof(path), DIR "%s.%s", name, ext);
	f = fopen(path, "r");
	assert_non_null(text);
	if (!f)
		fail_msg("%s is missing", path);
	assert_true(fread(text, 1, 16383, f) > 0);
	fclose(f);
	return text;
}

/* Lines of a model (or only those that are clusters), and the warnings. */
static char *result(const struct sl_model *model, const struct sl_objects *set, bool all)
{
	char *dump = dump_model(model), *save = NULL, *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);

	for (char *l = strtok_r(dump, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (all || strncmp(l, "cluster ", 8) == 0)
			fprintf(f, "%s\n", l);
	for (size_t i = 0; i < sl_objects_warning_count(set); i++)
		fprintf(f, "%s\n", sl_objects_warning_at(set, i));
	fclose(f);
	free(dump);
	return out;
}

static int line_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Warnings are found in another order. */
static void same_lines(const char *a, const char *b)
{
	char *copy[2] = {strdup(a), strdup(b)}, *line[2][256], *save;
	size_t n[2] = {0, 0};

	for (int k = 0; k < 2; k++) {
		for (char *l = strtok_r(copy[k], "\n", &save); l; l = strtok_r(NULL, "\n", &save))
			if (n[k] < 256)
				line[k][n[k]++] = l;
		qsort(line[k], n[k], sizeof(line[k][0]), line_cmp);
	}
	assert_int_equal(n[0], n[1]);
	for (size_t i = 0; i < n[0]; i++)
		assert_string_equal(line[0][i], line[1][i]);
	free(copy[0]);
	free(copy[1]);
}

/* The same clusters and warnings, made from their names. */
static void by_endpoints(const struct sl_model *whole, const struct sl_objects *set)
{
	struct sl_objects *again = sl_objects_create();
	struct sl_model *model = sl_model_create();
	const char **names = calloc(whole->n_clusters + 1, sizeof(*names));
	struct sl_err err = {{0}};
	char *got, *want = result(whole, set, false);

	assert_int_equal(sl_model_set(&model->locality, "eu/north/r1"), 0);
	for (size_t i = 0; i < sl_objects_count(set); i++)
		assert_int_equal(sl_objects_put(again, set, i), 0);
	for (size_t i = 0; i < whole->n_clusters; i++)
		names[i] = whole->clusters[i].name;
	if (sl_objects_endpoints_on(again, set, "", NULL, 0, names, whole->n_clusters, model, &err))
		fail_msg("%s", err.text);
	got = result(model, again, false);
	same_lines(got, want);
	free(got);
	free(want);
	free(names);
	sl_model_free(model);
	sl_objects_free(again);
}

static void play(void **state)
{
	const char *path = *state, *name = strchr(path, '/') + 1;
	struct sl_objects *set = sl_objects_create();
	struct sl_model *model = sl_model_create();
	char *yaml = read_file(path, "yaml"), *want = read_file(path, "want"), *got;
	struct sl_err err = {{0}};
	int e;

	assert_int_equal(sl_model_set(&model->locality, "eu/north/r1"), 0);
	e = sl_objects_read_text(set, name, yaml, strlen(yaml), &err);
	if (e == 0)
		e = sl_objects_model(set, NULL, 0, model, &err);
	if (e == 0)
		e = sl_model_check(model, &err);
	if (e)
		fail_msg("%s", err.text);
	got = result(model, set, strncmp(path, "routes/", 7) == 0);
	assert_string_equal(got, want);
	free(got);
	by_endpoints(model, set);
	free(want);
	free(yaml);
	sl_model_free(model);
	sl_objects_free(set);
}

int main(void)
{
#define CASE(n)                                                                         \
	{                                                                               \
		.name = (n), .test_func = play, .initial_state = (void *)(uintptr_t)(n) \
	}
	const struct CMUnitTest tests[] = {
		CASE("clusters/conditions"), CASE("clusters/entry"),
		CASE("clusters/locality"),   CASE("clusters/subsets"),
		CASE("clusters/tls"),        CASE("clusters/wildcards"),
		CASE("clusters/unserved"),   CASE("clusters/workload"),
		CASE("routes/classes"),      CASE("routes/delegate"),
		CASE("routes/ingress"),      CASE("routes/gateway-api"),
		CASE("routes/mirror"),       CASE("routes/destinations"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
