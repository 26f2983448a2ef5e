// fast-check, drawing from the tests' one seed: a property that some rare draw breaks is found by who asks for other
// seeds, not by who changes something else.

import fc from 'fast-check';
import { SEED } from './seed.ts';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED });

export { fc };
