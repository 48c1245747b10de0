/* SPDX-License-Identifier: BSD-3-Clause */
/* Translations as data: manifests, and the model and warnings they must give. */
#ifndef TEST_CONF_CASES_H
#define TEST_CONF_CASES_H

struct translate_case {
	const char *name;
	const char *yaml;
	const char *model;    /* as dump_model writes it */
	const char *warnings; /* one a line; empty when there are none */
};

/* Each ended by a NULL name. */
extern const struct translate_case gateway_cases[], rule_cases[], service_cases[];

#endif
