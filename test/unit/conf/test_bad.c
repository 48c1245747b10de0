/* SPDX-License-Identifier: BSD-3-Clause */
/* Every kind of bad input is refused with its file, its line and what to write instead. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "bad.h"
#include "sl_conf.h"

static void check(const struct bad_case *c, int code, const struct sl_err *err)
{
	if (code < 0 && strcmp(err->text, c->message) == 0)
		return;
	print_error("input:\n%s\nexpected: %s\n     got: %s\n", c->input, c->message,
		    code ? err->text : "(accepted)");
	fail();
}

static void conf_is_refused(void **state)
{
	size_t n = 0;

	for (const struct bad_case *c = bad_conf; c->input; c++, n++) {
		struct sl_err err = {{0}};
		struct sl_conf *conf = NULL;

		check(c, sl_conf_read_text(&conf, "t.conf", c->input, strlen(c->input), &err),
		      &err);
		assert_null(conf);
	}
	assert_true(n >= 100);
}

/* As `sluicectl check` does it: read, translate, check the model. */
static int load(const char *text, struct sl_err *err)
{
	struct sl_objects *set = sl_objects_create();
	struct sl_model *model = sl_model_create();
	struct sl_prefix own;
	int e;

	assert_int_equal(sl_prefix_parse("10.0.0.1/24", &own, NULL), 0);
	e = sl_objects_read_text(set, "t.yaml", text, strlen(text), err);
	if (e)
		assert_int_equal(sl_objects_count(set), 0);
	if (e == 0)
		e = sl_objects_model(set, &own, 1, model, err);
	if (e == 0)
		e = sl_model_check(model, err);
	sl_objects_free(set);
	sl_model_free(model);
	return e;
}

static void yaml_is_refused(void **state)
{
	size_t n = 0;

	for (const struct bad_case *c = bad_yaml; c->input; c++, n++) {
		struct sl_err err = {{0}};

		check(c, load(c->input, &err), &err);
	}
	assert_true(n >= 90);
}

static void routes_are_refused(void **state)
{
	for (const struct bad_case *c = bad_routes; c->input; c++) {
		struct sl_err err = {{0}};

		check(c, load(c->input, &err), &err);
	}
}

static void too_many_keys_are_refused(void **state)
{
	char text[4000];
	struct sl_err err;
	struct sl_conf *conf;
	size_t n = 0;

	for (int i = 0; i < 300; i++)
		n += (size_t)sprintf(text + n, "k%d = 1;", i);
	assert_int_equal(sl_conf_read_text(&conf, "t.conf", text, n, &err), -EINVAL);
	assert_string_equal(err.text,
			    "t.conf:1: k256 found; expected at most 256 keys in one group");
}

static void nul_bytes_are_refused(void **state)
{
	struct sl_objects *set = sl_objects_create();
	struct sl_conf *conf;
	struct sl_err err;

	assert_int_equal(sl_conf_read_text(&conf, "t.conf", "\n# a\0b", 6, &err), -EINVAL);
	assert_string_equal(err.text, "t.conf:2: NUL byte; this is not a text file");
	assert_int_equal(sl_objects_read_text(set, "t.yaml", "a: \0b", 5, &err), -EINVAL);
	assert_string_equal(err.text,
			    "t.yaml: byte 3 is not UTF-8 text (control characters are not "
			    "allowed)");
	sl_objects_free(set);
}

static void missing_files_are_named(void **state)
{
	struct sl_objects *set = sl_objects_create();
	struct sl_conf *conf;
	struct sl_err err;

	assert_int_equal(sl_conf_read(&conf, "/nonexistent/x.conf", &err), -ENOENT);
	assert_string_equal(err.text, "/nonexistent/x.conf: there is no such file; name the "
				      "instance's sluice.conf with -c FILE");
	assert_int_equal(sl_conf_read(&conf, "/dev/null", &err), -EINVAL);
	assert_string_equal(err.text, "/dev/null: is not a file; write the path of a file");
	assert_int_equal(sl_objects_read(set, "/nonexistent", &err), -ENOENT);
	assert_string_equal(err.text, "/nonexistent: there is no such file or folder");
	sl_objects_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conf_is_refused),
		cmocka_unit_test(yaml_is_refused),
		cmocka_unit_test(routes_are_refused),
		cmocka_unit_test(too_many_keys_are_refused),
		cmocka_unit_test(nul_bytes_are_refused),
		cmocka_unit_test(missing_files_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
