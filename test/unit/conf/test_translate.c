/* SPDX-License-Identifier: BSD-3-Clause */
/* Istio and Kubernetes objects to the model, against what Istio and kube-proxy would do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cases.h"
#include "dump.h"
#include "sl_conf.h"

static char *warnings(const struct sl_objects *set)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	for (size_t i = 0; i < sl_objects_warning_count(set); i++)
		fprintf(f, "%s\n", sl_objects_warning_at(set, i));
	fclose(f);
	return text;
}

static void play(void **state)
{
	const struct translate_case *c = *state;
	struct sl_objects *set = sl_objects_create();
	struct sl_model *model = sl_model_create();
	struct sl_prefix own[2];
	struct sl_err err = {{0}};
	char *got, *warn;
	int e;

	assert_int_equal(sl_prefix_parse("10.10.1.4/24", &own[0], NULL), 0);
	assert_int_equal(sl_prefix_parse("2001:db8::4/64", &own[1], NULL), 0);
	e = sl_objects_read_text(set, "t.yaml", c->yaml, strlen(c->yaml), &err);
	if (e == 0)
		e = sl_objects_model(set, own, 2, model, &err);
	if (e == 0)
		e = sl_model_check(model, &err);
	if (e)
		fail_msg("%s", err.text);
	got = dump_model(model);
	warn = warnings(set);
	assert_string_equal(got, c->model);
	assert_string_equal(warn, c->warnings);
	free(got);
	free(warn);
	sl_model_free(model);
	sl_objects_free(set);
}

int main(void)
{
	static const struct translate_case *const topics[] = {gateway_cases, rule_cases,
							      service_cases};
	static struct CMUnitTest tests[100];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
		for (const struct translate_case *c = topics[i]; c->name && n < 100; c++)
			tests[n++] = (struct CMUnitTest){
				.name = c->name,
				.test_func = play,
				.initial_state = (void *)(uintptr_t)c,
			};
	return _cmocka_run_group_tests("translate", tests, n, NULL, NULL);
}
