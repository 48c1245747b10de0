/* SPDX-License-Identifier: BSD-3-Clause */
/* How the tables of fields are written, and those tables that have files of their own. */
#ifndef SL_CONF_FIELDS_H
#define SL_CONF_FIELDS_H

#include "schema.h"
#include "sl_model.h"

#define ANY(n)                                \
	{                                     \
		.name = (n), .type = SL_F_ANY \
	}
#define STR(n)                                \
	{                                     \
		.name = (n), .type = SL_F_STR \
	}
#define LATER(n)                                                   \
	{                                                          \
		.name = (n), .type = SL_F_ANY, .use = SL_USE_LATER \
	}
#define NOT_SERVED(n)                                            \
	{                                                        \
		.name = (n), .type = SL_F_ANY, .use = SL_USE_NOT \
	}
#define MAP(n)                                      \
	{                                           \
		.name = (n), .type = SL_F_TEXTS_MAP \
	}
#define PORT(n)                                                       \
	{                                                             \
		.name = (n), .type = SL_F_INT, .min = 1, .max = 65535 \
	}
#define OBJ(n, fields)                                         \
	{                                                      \
		.name = (n), .type = SL_F_OBJ, .sub = (fields) \
	}
#define OBJ_MAP(n, fields)                                         \
	{                                                          \
		.name = (n), .type = SL_F_OBJ_MAP, .sub = (fields) \
	}
#define OBJS(n, fields)                                         \
	{                                                       \
		.name = (n), .type = SL_F_OBJS, .sub = (fields) \
	}
#define ONLY(n, t, w)                                                      \
	{                                                                  \
		.name = (n), .type = (t), .use = SL_USE_ONLY, .words = (w) \
	}
#define END       \
	{         \
		0 \
	}

#define HEAD                                                                                  \
	STR("apiVersion"), STR("kind"),                                                       \
	{                                                                                     \
		.name = "metadata", .type = SL_F_OBJ, .required = true, .sub = sl_meta_fields \
	}

extern const struct sl_field sl_destination_rule_fields[];
extern const struct sl_field sl_service_entry_fields[];
extern const struct sl_field sl_workload_entry_fields[];
extern const struct sl_field sl_endpoint_setting_fields[];
extern const struct sl_field sl_ingress_fields[];
extern const struct sl_field sl_ingress_class_fields[];
extern const struct sl_field sl_gateway_class_fields[];
extern const struct sl_field sl_api_gateway_fields[];
extern const struct sl_field sl_http_route_fields[];
extern const struct sl_field sl_reference_grant_fields[];

#endif
