import { Command, Help } from 'commander';
import { didYouMean } from '../platform/near-names.js';

/** A command that tells what is mistyped as the server does: with what may have been meant. */
export class OurCommand extends Command {
  override createCommand(name?: string): Command {
    return new OurCommand(name);
  }

  /** Called by commander, for a flag that no command on the way knows. */
  unknownOption(flag: string): never {
    const help = new Help();
    const flags = help.visibleOptions(this).flatMap(({ long }) => long ?? []);
    return this.error(`error: unknown option ${flag}${hint(flag, flags)}`, {
      code: 'commander.unknownOption',
    });
  }

  /** Likewise, for the name of a command. */
  unknownCommand(): never {
    const [name = ''] = this.args;
    const names = new Help().visibleCommands(this).map(command => command.name());
    return this.error(`error: unknown command ${JSON.stringify(name)}${hint(name, names)}`, {
      code: 'commander.unknownCommand',
    });
  }
}

function hint(wanted: string, names: string[]): string {
  const meant = didYouMean(wanted, names, '');
  return meant && `: ${meant}`;
}
