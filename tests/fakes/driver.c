/* An empty library: with the soname of a driver, and loaded first, it is that driver to whoever asks for it.
 */
int fake_driver(void);

int fake_driver(void) { return 0; }
