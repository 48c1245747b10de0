/* SPDX-License-Identifier: BSD-3-Clause */
/* Manifests to objects, back to YAML and to the model: refused with a place, or all of it holds. */
#include <stdlib.h>

#include "sl_conf.h"

#define CHECK(cond)              \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What an object is written as reads as the same object. */
static void round_trip(const struct sl_objects *set, size_t i)
{
	struct sl_objects *again = sl_objects_create();
	char *first = sl_objects_yaml(set, i), *second;

	CHECK(again && first);
	CHECK(sl_objects_read_text(again, "t.yaml", first, strlen(first), NULL) == 0);
	CHECK(sl_objects_count(again) == 1);
	second = sl_objects_yaml(again, 0);
	CHECK(second && strcmp(first, second) == 0);
	free(first);
	free(second);
	sl_objects_free(again);
}

/* Some names stand for something; few may be wanted. */
static struct sl_names *known_names(void)
{
	struct sl_names *names = sl_names_create();
	struct sl_ip ip[2] = {sl_ip_from_v4(0x0100000a), sl_ip_from_v4(0x0200000a)};

	CHECK(names && sl_names_put(names, "api.example.com", ip, 2, true) == 1);
	CHECK(sl_names_put(names, "a.b", ip, 1, false) == 1);
	return names;
}

static void translate(struct sl_objects *set)
{
	struct sl_model *model = sl_model_create();
	struct sl_names *names = known_names();
	struct sl_err err = {{0}};
	struct sl_prefix own;

	sl_objects_use_names(set, names, 3);
	CHECK(model && sl_prefix_parse("10.10.1.4/24", &own, NULL) == 0);
	if (sl_objects_model(set, &own, 1, model, &err) < 0 || sl_model_check(model, &err) < 0)
		CHECK(strncmp(err.text, "t.yaml:", 7) == 0);
	for (size_t i = 0; i < sl_objects_warning_count(set); i++)
		CHECK(strncmp(sl_objects_warning_at(set, i), "t.yaml:", 7) == 0);
	CHECK(sl_objects_wanted_count(set) <= 3);
	sl_objects_use_names(set, NULL, 3);
	sl_names_free(names);
	sl_model_free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_objects *set = sl_objects_create();
	struct sl_err err = {{0}};

	CHECK(set);
	if (sl_objects_read_text(set, "t.yaml", (const char *)data, size, &err) < 0) {
		CHECK(strncmp(err.text, "t.yaml:", 7) == 0);
		CHECK(sl_objects_count(set) == 0);
	}
	for (size_t i = 0; i < sl_objects_count(set); i++)
		round_trip(set, i);
	translate(set);
	sl_objects_free(set);
	return 0;
}
