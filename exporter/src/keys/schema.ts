import * as z from 'zod';
import { keysFileSchema } from './key-schema.ts';

/**
 * The JSON schema of the keys file, for editors; committed as schema/keys.schema.json, which a test holds
 * to this.
 */
export const keysJsonSchema = {
  ...z.toJSONSchema(keysFileSchema, { io: 'input' }),
  title: 'Keys file of the Atender exporter',
};
