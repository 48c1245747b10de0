/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice.conf text to the box and the model: refused with a place, or read the same twice. */
#include <stdlib.h>

#include "sl_conf.h"

#define CHECK(cond)              \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_box(const struct sl_conf_box *b)
{
	CHECK(*b->instance && strlen(b->instance) < sizeof(b->instance));
	CHECK(b->n_ports >= 1 && b->n_ports <= SL_CONF_PORTS_MAX);
	CHECK(b->n_routes <= SL_CONF_ROUTES_MAX);
	CHECK(b->workers >= 1 && b->workers < SL_CONF_CPUS_MAX);
	for (uint16_t i = 0; i < b->n_ports; i++) {
		CHECK(b->port[i].n_addrs <= SL_CONF_ADDRS_MAX);
		CHECK(b->port[i].mtu >= 576 && b->port[i].mtu <= 9000);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_err err = {{0}};
	struct sl_model *model;
	struct sl_conf *conf;

	if (sl_conf_read_text(&conf, "t.conf", (const char *)data, size, &err) < 0) {
		CHECK(strncmp(err.text, "t.conf:", 7) == 0);
		/* libconfig has nothing to find: our own check of the grammar came first. */
		CHECK(!strstr(err.text,
			      "at or before this line; settings are written name = value; "
			      "with a ';' behind each, groups in { }, lists in ( )"));
		return 0;
	}
	check_box(sl_conf_box(conf));
	model = sl_model_create();
	CHECK(model && sl_conf_model(conf, model, &err) == 0);
	if (sl_model_check(model, &err) < 0)
		CHECK(*err.text);
	sl_model_free(model);
	sl_conf_free(conf);
	return 0;
}
