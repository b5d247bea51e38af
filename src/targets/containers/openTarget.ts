import { UserError } from '../../common/problem';
import type { Target } from '../target';
import { openContainer, openImage, type OpenOptions } from './open';

/** `container:NAME`, `image:NAME` or `devcontainer[:DIR]` as a target. Throws a UserError when it is none of them. */
export async function openTarget(text: string, options: OpenOptions): Promise<Target> {
  const [, kind = '', name = ''] = /^([a-z]+)(?::(.*))?$/s.exec(text) ?? [];
  if (kind === 'container' && name) return openContainer(name, options);
  if (kind === 'image' && name) return openImage({ image: name }, options);
  if (kind === 'devcontainer') {
    const { openDevContainer } = await import('./devcontainer');
    return openDevContainer(name || options.cwd, options);
  }
  throw new UserError(`The target ${text} is not one that this version knows.`, {
    fix: 'Targets: local, container:NAME, image:NAME, devcontainer[:DIR].',
  });
}
