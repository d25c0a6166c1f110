/* Functions of OpenVINO's C API that the plugin calls: X(result, name without "ov_", parameters). All are in
 * every release since 2024.6; the array forms of newer ones (ov_core_compile_model_props) are not. Source:
 * openvino@2026.4 src/bindings/c/include/openvino/c. */
#ifndef OV_API_H
#define OV_API_H

#define OV_API_MAP(X)                                                                                        \
    X(ov_status_e, get_openvino_version, (ov_version_t *))                                                   \
    X(void, version_free, (ov_version_t *))                                                                  \
    X(const char *, get_last_err_msg, (void))                                                                \
    X(void, free, (const char *))                                                                            \
    X(ov_status_e, core_create, (ov_core_t **))                                                              \
    X(void, core_free, (ov_core_t *))                                                                        \
    X(ov_status_e, core_get_available_devices, (const ov_core_t *, ov_available_devices_t *))                \
    X(void, available_devices_free, (ov_available_devices_t *))                                              \
    X(ov_status_e, core_get_property, (const ov_core_t *, const char *, const char *, char **))              \
    X(ov_status_e, core_read_model_from_memory_buffer,                                                       \
      (const ov_core_t *, const char *, size_t, const ov_tensor_t *, ov_model_t **))                         \
    X(void, model_free, (ov_model_t *))                                                                      \
    X(ov_status_e, core_compile_model,                                                                       \
      (const ov_core_t *, const ov_model_t *, const char *, size_t, ov_compiled_model_t **, ...))            \
    X(ov_status_e, core_compile_model_from_file,                                                             \
      (const ov_core_t *, const char *, const char *, size_t, ov_compiled_model_t **, ...))                  \
    X(void, compiled_model_free, (ov_compiled_model_t *))                                                    \
    X(ov_status_e, compiled_model_inputs_size, (const ov_compiled_model_t *, size_t *))                      \
    X(ov_status_e, compiled_model_outputs_size, (const ov_compiled_model_t *, size_t *))                     \
    X(ov_status_e, compiled_model_input_by_index,                                                            \
      (const ov_compiled_model_t *, size_t, ov_output_const_port_t **))                                      \
    X(ov_status_e, compiled_model_output_by_index,                                                           \
      (const ov_compiled_model_t *, size_t, ov_output_const_port_t **))                                      \
    X(ov_status_e, compiled_model_input_by_name,                                                             \
      (const ov_compiled_model_t *, const char *, ov_output_const_port_t **))                                \
    X(ov_status_e, compiled_model_output_by_name,                                                            \
      (const ov_compiled_model_t *, const char *, ov_output_const_port_t **))                                \
    X(ov_status_e, compiled_model_get_property, (const ov_compiled_model_t *, const char *, char **))        \
    X(ov_status_e, compiled_model_create_infer_request,                                                      \
      (const ov_compiled_model_t *, ov_infer_request_t **))                                                  \
    X(ov_status_e, port_get_any_name, (const ov_output_const_port_t *, char **))                             \
    X(ov_status_e, port_get_element_type, (const ov_output_const_port_t *, ov_element_type_e *))             \
    X(ov_status_e, port_get_partial_shape, (const ov_output_const_port_t *, ov_partial_shape_t *))           \
    X(void, partial_shape_free, (ov_partial_shape_t *))                                                      \
    X(void, output_const_port_free, (ov_output_const_port_t *))                                              \
    X(ov_status_e, infer_request_set_input_tensor_by_index,                                                  \
      (ov_infer_request_t *, size_t, const ov_tensor_t *))                                                   \
    X(ov_status_e, infer_request_set_output_tensor_by_index,                                                 \
      (ov_infer_request_t *, size_t, const ov_tensor_t *))                                                   \
    X(ov_status_e, infer_request_start_async, (ov_infer_request_t *))                                        \
    X(ov_status_e, infer_request_wait, (ov_infer_request_t *))                                               \
    X(ov_status_e, infer_request_cancel, (ov_infer_request_t *))                                             \
    X(void, infer_request_free, (ov_infer_request_t *))                                                      \
    X(ov_status_e, tensor_create, (ov_element_type_e, ov_shape_t, ov_tensor_t **))                           \
    X(ov_status_e, tensor_create_from_host_ptr, (ov_element_type_e, ov_shape_t, void *, ov_tensor_t **))     \
    X(ov_status_e, tensor_get_shape, (const ov_tensor_t *, ov_shape_t *))                                    \
    X(ov_status_e, tensor_get_byte_size, (const ov_tensor_t *, size_t *))                                    \
    X(ov_status_e, tensor_data, (const ov_tensor_t *, void **))                                              \
    X(void, tensor_free, (ov_tensor_t *))                                                                    \
    X(ov_status_e, shape_free, (ov_shape_t *))

typedef struct ov_functions {
#define OV_FUNCTION(result, name, parameters) result(*name) parameters;
    OV_API_MAP(OV_FUNCTION)
#undef OV_FUNCTION
} ov_functions;

#endif
